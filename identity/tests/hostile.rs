//! Providers that lie, forge and overdo it; and people who may not come in.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use app::ports::{Challenge, Clock, Identity, OpenId, OpenIdError, Returned};
use app::testing::ManualClock;
use axum::Router;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::{Provider, ProviderSettings};
use jiff::SignedDuration;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// What the provider answers.
#[derive(Clone)]
struct Answers {
    discovery: Value,
    keys: Value,
    tokens: Value,
    person: Value,
}

struct World {
    issuer: String,
    clock: Arc<ManualClock>,
    answers: Arc<Mutex<Answers>>,
    key: EcdsaKeyPair,
    asked_for_keys: Arc<AtomicUsize>,
}

fn challenge() -> Challenge {
    Challenge { state: "state".into(), nonce: "nonce".into(), verifier: "verifier".into() }
}

fn new_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()
}

fn public(key: &EcdsaKeyPair, id: &str) -> Value {
    let point = key.public_key().as_ref();
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "x": part(&point[1..33]), "y": part(&point[33..])})
}

fn compact(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn signed_by(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    compact(header, claims, |message| key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec())
}

impl World {
    async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let key = new_key();
        let at = |path: &str| format!("{issuer}/{path}");
        let answers = Answers {
            discovery: json!({
                "issuer": issuer, "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
                "jwks_uri": at("keys"), "userinfo_endpoint": at("person"),
            }),
            keys: json!({"keys": [public(&key, "one")]}),
            tokens: json!({}),
            person: json!({}),
        };
        let answers = Arc::new(Mutex::new(answers));
        let asked_for_keys = Arc::new(AtomicUsize::new(0));
        let told = |pick: fn(&Answers) -> Value| {
            let answers = Arc::clone(&answers);
            move || std::future::ready(pick(&answers.lock().unwrap()).to_string())
        };
        let (keys, count) = (told(|a| a.keys.clone()), Arc::clone(&asked_for_keys));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(told(|a| a.discovery.clone())))
            .route("/organizations/v2.0/.well-known/openid-configuration", get(told(|a| a.discovery.clone())))
            .route(
                "/keys",
                get(move || {
                    count.fetch_add(1, Ordering::Relaxed);
                    keys()
                }),
            )
            .route("/token", post(told(|a| a.tokens.clone())))
            .route("/person", get(told(|a| a.person.clone())));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { issuer, clock: Arc::new(ManualClock::default()), answers, key, asked_for_keys }
    }

    fn provider(&self) -> Provider {
        self.provider_with(|_| {})
    }

    fn provider_with(&self, change: impl FnOnce(&mut ProviderSettings)) -> Provider {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().build().unwrap();
        let mut settings = ProviderSettings {
            issuer: self.issuer.parse().unwrap(),
            client_id: "us".into(),
            client_secret: None,
            tenants: Vec::new(),
            domains: Vec::new(),
        };
        change(&mut settings);
        Provider::new(http, self.clock.clone(), settings).unwrap()
    }

    fn claims(&self) -> Value {
        let now = self.clock.now().as_second();
        json!({
            "iss": self.issuer, "sub": "ada", "aud": "us", "exp": now + 300, "iat": now, "nonce": "nonce",
            "email": "ada@example.com", "email_verified": true, "name": "Ada",
        })
    }

    fn signed(&self, claims: &Value) -> String {
        signed_by(&self.key, &json!({"alg": "ES256", "kid": "one"}), claims)
    }

    fn tell(&self, change: impl FnOnce(&mut Answers)) {
        change(&mut self.answers.lock().unwrap());
    }

    async fn redeem(&self, provider: &Provider, token: String) -> Result<Identity, OpenIdError> {
        self.tell(|answers| answers.tokens = json!({"id_token": token, "access_token": "access"}));
        let returned = Returned { code: "code", issuer: None };
        provider.redeem(returned, &challenge(), "http://127.0.0.1/auth/oidc/callback").await
    }

    async fn with(&self, change: impl FnOnce(&mut Value)) -> Result<Identity, OpenIdError> {
        let mut claims = self.claims();
        change(&mut claims);
        self.redeem(&self.provider(), self.signed(&claims)).await
    }
}

fn refused(result: &Result<Identity, OpenIdError>) -> bool {
    matches!(result, Err(OpenIdError::Refused(_)))
}

#[tokio::test]
async fn a_good_answer_is_taken_whole() {
    let world = World::new().await;
    let identity = world.with(|_| {}).await.unwrap();
    assert_eq!((identity.issuer.as_str(), identity.subject.as_str()), (world.issuer.as_str(), "ada"));
    assert_eq!(identity.email.unwrap().as_str(), "ada@example.com");
    assert!(identity.email_verified);
    let url = world.provider().authorize(&challenge(), "http://127.0.0.1/back").await.unwrap();
    assert!(url.contains("code_challenge_method=S256") && url.contains("nonce=nonce") && !url.contains("verifier"));
}

#[tokio::test]
async fn a_token_for_somebody_else_or_another_time_is_refused() {
    let world = World::new().await;
    let now = world.clock.now().as_second();
    let wrong: Vec<(&str, Value)> = vec![
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("aud", json!("them")),
        ("aud", json!(["us", "them"])),
        ("aud", json!([])),
        ("azp", json!("them")),
        ("iss", json!("https://evil.example")),
        ("exp", json!(now - 61)),
        ("exp", json!("9999999999")),
        ("exp", Value::Null),
        ("iat", json!(now + 61)),
        ("iat", json!(now - 601)),
        ("nbf", json!(now + 61)),
        ("nbf", json!("0")),
        ("sub", json!("")),
        ("sub", json!("s".repeat(256))),
    ];
    for (claim, value) in wrong {
        let result = world.with(|claims| claims[claim] = value.clone()).await;
        assert!(refused(&result), "{claim} {value}: {result:?}");
    }
    for (claim, value) in [("aud", json!(["us"])), ("exp", json!(now - 59)), ("azp", json!("us"))] {
        assert!(world.with(|claims| claims[claim] = value.clone()).await.is_ok(), "{claim} {value}");
    }
}

#[tokio::test]
async fn forged_signatures_are_refused() {
    let world = World::new().await;
    let provider = world.provider();
    let claims = world.claims();
    let none = compact(&json!({"alg": "none", "kid": "one"}), &claims, |_| Vec::new());
    // The public key as a secret: what confuses a verifier that believes the token's header.
    let secret = hmac::Key::new(hmac::HMAC_SHA256, world.key.public_key().as_ref());
    let hmac = compact(&json!({"alg": "HS256", "kid": "one"}), &claims, |m| hmac::sign(&secret, m).as_ref().to_vec());
    let stranger = signed_by(&new_key(), &json!({"alg": "ES256", "kid": "one"}), &claims);
    let as_rsa = signed_by(&world.key, &json!({"alg": "RS256", "kid": "one"}), &claims);
    let own_key = json!({"alg": "ES256", "kid": "one", "jwk": public(&new_key(), "one"), "jku": "http://127.0.0.1:1/"});
    let brought = signed_by(&new_key(), &own_key, &claims);
    let good = world.signed(&claims);
    let (front, signature) = good.rsplit_once('.').unwrap();
    let mut other = world.claims();
    other["sub"] = json!("eve");
    let (header, _) = front.split_once('.').unwrap();
    let swapped = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(other.to_string()));
    for (what, token) in [
        ("none", none),
        ("HS256", hmac),
        ("a stranger's", stranger),
        ("RS256 with an EC key", as_rsa),
        ("its own key", brought),
        ("another's claims", swapped),
        ("unsigned", format!("{front}.")),
    ] {
        let result = world.redeem(&provider, token).await;
        assert!(refused(&result), "{what}: {result:?}");
    }
    assert!(world.redeem(&provider, good).await.is_ok());
}

#[tokio::test]
async fn unknown_keys_are_asked_for_once_a_minute_and_a_new_one_is_found() {
    let world = World::new().await;
    let provider = world.provider();
    let next = new_key();
    let token = |id: &str| signed_by(&next, &json!({"alg": "ES256", "kid": id}), &world.claims());
    for number in 0..20 {
        assert!(refused(&world.redeem(&provider, token(&format!("made up {number}"))).await));
    }
    assert_eq!(world.asked_for_keys.load(Ordering::Relaxed), 1);
    world.tell(|answers| answers.keys = json!({"keys": [public(&next, "two")]}));
    assert!(refused(&world.redeem(&provider, token("two")).await), "not yet");
    world.clock.advance(SignedDuration::from_secs(60));
    assert!(world.redeem(&provider, token("two")).await.is_ok());
    assert_eq!(world.asked_for_keys.load(Ordering::Relaxed), 2);
    assert!(refused(&world.redeem(&provider, world.signed(&world.claims())).await), "the old one was withdrawn");
}

#[tokio::test]
async fn keys_without_end_are_not_read() {
    let world = World::new().await;
    world.tell(|answers| answers.keys = json!({"keys": vec![public(&world.key, "one"); 101]}));
    assert!(matches!(world.with(|_| {}).await, Err(OpenIdError::Unavailable(_))));
    let world = World::new().await;
    world.tell(|answers| answers.keys = json!({"keys": [{"kty": "oct", "k": "A".repeat(2_000_000)}]}));
    assert!(matches!(world.with(|_| {}).await, Err(OpenIdError::Unavailable(_))));
}

#[tokio::test]
async fn a_discovery_that_speaks_of_another_issuer_is_refused() {
    let world = World::new().await;
    world.tell(|answers| answers.discovery["issuer"] = json!("https://evil.example"));
    assert!(refused(&world.with(|_| {}).await));
}

#[tokio::test]
async fn an_answer_of_another_provider_is_refused_where_providers_name_themselves() {
    let world = World::new().await;
    world.tell(|answers| answers.discovery["authorization_response_iss_parameter_supported"] = json!(true));
    let provider = world.provider();
    let token = world.signed(&world.claims());
    assert!(refused(&world.redeem(&provider, token.clone()).await), "it says nothing");
    for (issuer, good) in [("https://evil.example", false), (world.issuer.as_str(), true)] {
        let returned = Returned { code: "code", issuer: Some(issuer) };
        let result = provider.redeem(returned, &challenge(), "http://127.0.0.1/back").await;
        assert_eq!(result.is_ok(), good, "{issuer}");
    }
}

#[tokio::test]
async fn strangers_of_a_provider_with_many_tenants_stay_out() {
    let world = World::new().await;
    world.tell(|answers| answers.discovery["issuer"] = json!(format!("{}/{{tenantid}}/v2.0", world.issuer)));
    let of = |tenant: &str| {
        let mut claims = world.claims();
        claims["tid"] = json!(tenant);
        claims["iss"] = json!(format!("{}/{tenant}/v2.0", world.issuer));
        claims.as_object_mut().unwrap().remove("email_verified");
        world.signed(&claims)
    };
    let many = |tenants: &[&str], domains: &[&str]| {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        world.provider_with(|settings| {
            settings.issuer = format!("{}/organizations/v2.0", world.issuer).parse().unwrap();
            (settings.tenants, settings.domains) = (own(tenants), own(domains));
        })
    };
    let unset = world.redeem(&many(&[], &[]), of("t1")).await;
    assert!(matches!(unset, Err(OpenIdError::NotAllowed(_))), "nobody said which: {unset:?}");
    let strangers = world.redeem(&many(&["t1"], &[]), of("t2")).await;
    assert!(matches!(strangers, Err(OpenIdError::NotAllowed(_))), "{strangers:?}");
    assert!(!world.redeem(&many(&["t1"], &[]), of("t1")).await.unwrap().email_verified, "Entra does not say");
    let own = world.redeem(&many(&["t1"], &["example.com"]), of("t1")).await.unwrap();
    assert!(own.email_verified, "the operator's own people");
    let mut claims = world.claims();
    claims["tid"] = json!("t1");
    let lying = world.redeem(&many(&["t1"], &[]), world.signed(&claims)).await;
    assert!(refused(&lying), "the issuer is not the tenant's: {lying:?}");
}

#[tokio::test]
async fn only_listed_domains_come_in_and_an_address_is_proved_or_not() {
    let world = World::new().await;
    let listed = world.provider_with(|settings| settings.domains = vec!["plant.example".into()]);
    let outside = world.redeem(&listed, world.signed(&world.claims())).await;
    assert!(matches!(outside, Err(OpenIdError::NotAllowed(_))), "{outside:?}");
    for (value, proved) in [(json!(true), true), (json!("true"), true), (json!(false), false), (json!("no"), false)] {
        let identity = world.with(|claims| claims["email_verified"] = value.clone()).await.unwrap();
        assert_eq!(identity.email_verified, proved, "{value}");
    }
    let identity = world.with(|claims| claims["email_verified"] = Value::Null).await.unwrap();
    assert!(!identity.email_verified, "nothing said is not proved");
}

#[tokio::test]
async fn what_is_told_about_another_person_is_refused() {
    let world = World::new().await;
    world.tell(|answers| answers.person = json!({"sub": "eve", "email": "eve@example.com", "email_verified": true}));
    let result = world.with(|claims| drop(claims.as_object_mut().unwrap().remove("email"))).await;
    assert!(refused(&result), "{result:?}");
    world.tell(|answers| answers.person["sub"] = json!("ada"));
    let result = world.with(|claims| drop(claims.as_object_mut().unwrap().remove("email"))).await;
    assert_eq!(result.unwrap().email.unwrap().as_str(), "eve@example.com");
}
