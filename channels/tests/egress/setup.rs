//! Senders and requests for tests.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::ports::{SigningKey, WebhookRequest};
use async_trait::async_trait;
use channels::egress::{EgressPolicy, Gate, Limits, Lookup, LookupFailed};
use channels::webhook::Sender;
use reqwest::ClientBuilder;

pub(crate) const SECRET: [u8; 32] = [7; 32];
pub(crate) const NOW: i64 = 1_795_348_800;

/// A client builder as the composer passes it in, but that it trusts nobody.
pub(crate) fn builder() -> ClientBuilder {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    ClientBuilder::new().tls_backend_preconfigured(tls)
}

pub(crate) fn allow(nets: &[&str]) -> EgressPolicy {
    EgressPolicy { allow: nets.iter().map(|n| n.parse().unwrap()).collect() }
}

pub(crate) fn short() -> Limits {
    Limits { dns: Duration::from_millis(200), connect: Duration::from_millis(300), total: Duration::from_millis(500) }
}

/// A sender that may reach loopback and knows no names.
pub(crate) fn sender() -> Sender {
    sender_with(allow(&["127.0.0.0/8"]), Script::answering(&[]), Limits::default())
}

/// A sender behind a gate of its own.
pub(crate) fn sender_with(policy: EgressPolicy, dns: Arc<dyn Lookup>, limits: Limits) -> Sender {
    Sender::new(Arc::new(Gate::with(builder(), policy, dns, limits).unwrap()))
}

pub(crate) fn request(url: &str) -> WebhookRequest {
    WebhookRequest {
        url: url.into(),
        id: "dlv_1".into(),
        timestamp: NOW,
        body: r#"{"type":"test.ping"}"#.into(),
        keys: vec![SigningKey::HmacSha256(SECRET.to_vec())],
        headers: vec![],
    }
}

/// A DNS that gives its answers in turn, over and over, and remembers how often it was asked.
pub(crate) struct Script {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: Mutex<usize>,
}

impl Script {
    pub(crate) fn answering(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().unwrap()).collect();
        Arc::new(Self { answers: Mutex::new(answers.iter().map(parse).collect()), asked: Mutex::new(0) })
    }

    pub(crate) fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

#[async_trait]
impl Lookup for Script {
    async fn addresses(&self, _: &str) -> Result<Vec<IpAddr>, LookupFailed> {
        *self.asked.lock().unwrap() += 1;
        let mut answers = self.answers.lock().unwrap();
        let answer = answers.pop_front().ok_or_else(|| LookupFailed("NXDOMAIN".into()))?;
        answers.push_back(answer.clone());
        Ok(answer)
    }
}
