//! A messenger for what needs no network.

use std::sync::Arc;

use app::ports::{ChatService, Chats, Incident, Letter};
use channels::chat::Messenger;
use channels::egress::{EgressPolicy, Gate};
use reqwest::ClientBuilder;
use serde_json::Value;

pub(crate) const SERVICES: [ChatService; 4] =
    [ChatService::Slack, ChatService::Teams, ChatService::Discord, ChatService::PagerDuty];

pub(crate) fn messenger() -> Messenger {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    let builder = ClientBuilder::new().tls_backend_preconfigured(tls);
    Messenger::new(Arc::new(Gate::new(builder, EgressPolicy::default()).unwrap()))
}

/// The body as JSON, once the product's limits were held against it.
pub(crate) fn body(
    messenger: &Messenger,
    service: ChatService,
    letter: &Letter,
    incident: Option<&Incident>,
) -> Option<Value> {
    let body = messenger.compose(service, letter, incident)?;
    crate::products::judge(service, &body).unwrap_or_else(|why| panic!("{service:?} refuses it: {why}\n{body}"));
    Some(serde_json::from_str(&body).unwrap())
}
