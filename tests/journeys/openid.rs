//! Signing in through a provider of other people's, as a browser does.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use domain::role::Role;
use iotmonitor::compose::{Manner, compose};
use iotmonitor::config::{Config, Environment};
use iotmonitor::http::{Doors, Program, serve_on};
use iotmonitor::outside::Outbound;
use reqwest::{Client, Response, Url};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The provider's process; it ends when its input does.
struct Provider {
    process: Child,
    issuer: String,
}

impl Provider {
    /// `None`: it is not installed, which is said, and fails in CI.
    fn start(redirect: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
        let package = folder.join("node_modules/oidc-provider");
        crate::verifiers::installed("node_modules/oidc-provider: npm ci", package.exists().then_some(package))?;
        let mut process = Command::new("node")
            .arg(folder.join("openid-provider.mjs"))
            .arg(redirect)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut issuer = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut issuer).unwrap();
        Some(Self { process, issuer: issuer.trim().to_owned() })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A browser: keeps cookies by host and port, and goes where it is sent.
struct Browser {
    client: Client,
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

impl Browser {
    fn new() -> Self {
        Self { client: Outbound::new(None).unwrap().client().unwrap(), cookies: BTreeMap::new() }
    }

    async fn send(&mut self, url: &Url, form: Option<&str>) -> Response {
        let place = url.authority().to_owned();
        let kept = self.cookies.entry(place).or_default();
        let cookies: Vec<String> = kept.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = match form {
            Some(form) => self
                .client
                .post(url.clone())
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.to_owned()),
            None => self.client.get(url.clone()),
        };
        let answer = request.header("cookie", cookies.join("; ")).send().await.unwrap();
        for set in answer.headers().get_all("set-cookie") {
            let (name, rest) = set.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                kept.remove(name);
            } else {
                kept.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Follows redirects from here; at the provider it signs in as `name` and consents. Gives the last answer.
    async fn visit(&mut self, from: &str, name: &str, stop: &str) -> (Url, Response) {
        let (mut url, mut form) = (Url::parse(from).unwrap(), None);
        for _ in 0..20 {
            let answer = self.send(&url, form.take().as_deref()).await;
            if let Some(to) = answer.headers().get("location") {
                url = url.join(to.to_str().unwrap()).unwrap();
                if url.path() == stop {
                    return (url, answer);
                }
            } else if url.path().starts_with("/interaction/") {
                let page = answer.text().await.unwrap();
                let prompt = if page.contains("value=\"login\"") { "login" } else { "consent" };
                form = Some(format!("prompt={prompt}&login={name}&password=x"));
            } else {
                return (url, answer);
            }
        }
        panic!("redirected for ever");
    }
}

async fn started(registration: &str) -> Option<(Provider, String, Arc<Program>, tempfile::TempDir)> {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let public = format!("http://{}", listener.local_addr().unwrap());
    let provider = Provider::start(&format!("{public}/auth/oidc/callback"))?;
    let storage = format!("embedded:{}", dir.path().display());
    let config = Config::read(&Environment::of([
        ("IOTMONITOR_STORAGE", storage.as_str()),
        ("IOTMONITOR_PUBLIC_URL", &public),
        ("IOTMONITOR_REGISTRATION", registration),
        ("IOTMONITOR_OIDC_ISSUER", &provider.issuer),
        ("IOTMONITOR_OIDC_CLIENT_ID", "iotmonitor"),
        ("IOTMONITOR_OIDC_CLIENT_SECRET", "a secret: with & signs"),
        ("IOTMONITOR_OIDC_DOMAINS", "example.com"),
    ]))
    .unwrap();
    let program = compose(&config, Manner::default()).unwrap();
    program.ready().await.unwrap();
    tokio::spawn(serve_on(listener, Arc::clone(&program), Doors::People, std::future::pending()));
    Some((provider, public, program, dir))
}

async fn viewer(browser: &mut Browser, public: &str) -> Value {
    let kept = &browser.cookies[&Url::parse(public).unwrap().authority().to_owned()];
    let cookie = format!("iotmonitor={}", kept["iotmonitor"]);
    let query = json!({"query": "{ viewer { role user { email emailVerified name } organizations { name } } }"});
    let request = browser.client.post(format!("{public}/graphql")).header("cookie", cookie);
    let request = request.header("content-type", "application/json").body(query.to_string());
    serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_known_to_the_provider_comes_in_and_is_the_same_person_the_next_time() {
    let Some((_provider, public, _program, _dir)) = started("open").await else { return };
    let mut browser = Browser::new();
    let (_, answer) =
        browser.visit(&format!("{public}/auth/oidc/start?to=/app/findings"), "ada", "/app/findings").await;
    assert_eq!(answer.status(), 303);
    let first = viewer(&mut browser, &public).await;
    assert_eq!(
        first["data"]["viewer"],
        json!({
            "role": "OWNER",
            "user": {"email": "ada@example.com", "emailVerified": true, "name": "The ada"},
            "organizations": [{"name": "The ada's organization"}],
        })
    );
    let mut elsewhere = Browser::new();
    elsewhere.visit(&format!("{public}/auth/oidc/start"), "ada", "/app/").await;
    assert_eq!(viewer(&mut elsewhere, &public).await, first);
    assert!(!browser.cookies.values().any(|kept| kept.contains_key("iotmonitor-oidc")), "taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_by_a_strangers_answer_an_unproved_address_or_unasked() {
    let Some((_provider, public, _program, _dir)) = started("open").await else { return };
    let (mut mallory, mut ada) = (Browser::new(), Browser::new());
    let (_, refused) = mallory.visit(&format!("{public}/auth/oidc/start"), "mallory", "/app/").await;
    assert_eq!(refused.status(), 403);
    assert!(refused.text().await.unwrap().contains("does not say that your address is yours"));

    // Somebody else's answer, slipped to a browser that began a sign-in of its own.
    let (answer, _) = ada.visit(&format!("{public}/auth/oidc/start"), "ada", "/auth/oidc/callback").await;
    let mut victim = Browser::new();
    victim.send(&Url::parse(&format!("{public}/auth/oidc/start")).unwrap(), None).await;
    assert_eq!(victim.send(&answer, None).await.status(), 403);
    // The one who began it may still use it, once.
    assert_eq!(ada.send(&answer, None).await.status(), 303);
    assert_eq!(ada.send(&answer, None).await.status(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_people_are_invited_a_stranger_stays_out_and_an_account_of_the_same_proved_address_is_theirs() {
    let Some((_provider, public, program, _dir)) = started("invited").await else { return };
    let start = format!("{public}/auth/oidc/start");
    let (_, refused) = Browser::new().visit(&start, "ada", "/app/").await;
    assert_eq!(refused.status(), 403);
    let app = &program.app;
    let owner =
        app::access::bootstrap(app, "ada@example.com", "a sentence is good", "Ada", Some("Acme")).await.unwrap();
    let (_, refused) = Browser::new().visit(&start, "ada", "/app/").await;
    let told = refused.text().await.unwrap();
    assert!(told.contains("has not proved"), "whoever registered that address may be somebody else: {told}");
    let bob = app::access::invite_member(app, &owner, "bob@example.com", Role::Member).await.unwrap();
    let token = bob.url.unwrap().split_once("#token=").unwrap().1.to_owned();
    let mut browser = Browser::new();
    let (_, inside) = browser.visit(&format!("{start}?invitation={token}"), "bob", "/app/").await;
    assert_eq!(inside.status(), 303, "{}", inside.text().await.unwrap());
    let seen = viewer(&mut browser, &public).await;
    assert_eq!(seen["data"]["viewer"]["organizations"], json!([{"name": "Acme"}]));
}
