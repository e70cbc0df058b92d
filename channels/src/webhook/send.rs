use std::sync::Arc;

use app::ports::{Attempt, WebhookRequest, Webhooks};
use async_trait::async_trait;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::ed25519::public_key;
use super::headers::{HeaderRefused, check_header, to_header};
use super::sign::{SignError, signatures};
use crate::egress::{Answer, Failure, Gate, attempt, secrets_of};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// Signs requests and hands them to the gate.
pub struct Sender {
    gate: Arc<Gate>,
}

impl Sender {
    /// A sender whose requests leave through this gate.
    pub fn new(gate: Arc<Gate>) -> Self {
        Self { gate }
    }

    async fn post(&self, request: &WebhookRequest) -> Result<Answer, Failure> {
        // An address that is not to be reached is told as that, whatever else is wrong.
        self.gate.check(&request.url)?;
        let headers = headers(request)?;
        self.gate.post(&request.url, headers, request.body.clone(), request.timestamp).await
    }
}

/// The channel's own headers, then ours over them.
fn headers(request: &WebhookRequest) -> Result<HeaderMap, Failure> {
    let signature = signatures(&request.keys, &request.id, request.timestamp, request.body.as_bytes())?;
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let (name, value) = to_header(name, value)?;
        headers.append(name, value);
    }
    headers.insert(ID, HeaderValue::from_str(&request.id).map_err(|_| SignError::Id)?);
    headers.insert(TIMESTAMP, HeaderValue::from(request.timestamp));
    headers.insert(SIGNATURE, HeaderValue::from_str(&signature).map_err(|_| SignError::Id)?);
    Ok(headers)
}

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        Self::not_sent(&error.to_string())
    }
}

impl From<HeaderRefused> for Failure {
    fn from(error: HeaderRefused) -> Self {
        Self::not_sent(&error.to_string())
    }
}

#[async_trait]
impl Webhooks for Sender {
    fn check(&self, url: &str) -> Result<(), String> {
        self.gate.check(url).map(drop).map_err(|blocked| blocked.to_string())
    }

    fn check_header(&self, name: &str, value: &str) -> Result<(), String> {
        check_header(name, value).map_err(|refused| refused.to_string())
    }

    fn public_key(&self, seed: &[u8; 32]) -> String {
        public_key(seed)
    }

    async fn send(&self, request: WebhookRequest) -> Attempt {
        let headers = request.headers.iter().flat_map(|(_, value)| value.split_ascii_whitespace()).map(str::to_owned);
        let credentials: Vec<String> = headers.chain(secrets_of(&request.url)).collect();
        attempt(self.post(&request), |answer| (answer.error(), answer.directive()), &credentials).await
    }
}
