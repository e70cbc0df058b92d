use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// One signed request to be made.
#[derive(Clone)]
pub struct WebhookRequest {
    /// Where to.
    pub url: String,
    /// `webhook-id`: the delivery's id, constant over attempts.
    pub id: String,
    /// `webhook-timestamp`: of this attempt, seconds since 1970.
    pub timestamp: i64,
    /// The body, signed as it is.
    pub body: String,
    /// The secrets to sign with (raw bytes, newest first): more than one while a rotation overlaps.
    pub secrets: Vec<Vec<u8>>,
    /// More headers of the channel's own.
    pub headers: Vec<(String, String)>,
}

/// Why an attempt failed, in the words of the API's `DeliveryError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AttemptError {
    /// No complete answer within 15 s (connecting: 5 s).
    Timeout,
    /// The name has no usable address.
    Dns,
    /// No connection.
    Connect,
    /// No secure connection.
    Tls,
    /// The address is not one that a webhook may reach. Never tried.
    BlockedAddress,
    /// An answer other than 2xx.
    HttpStatus,
    /// A redirect, which is never followed.
    Redirect,
    /// The mail server says: later.
    SmtpTransient,
    /// The mail server says: never.
    SmtpPermanent,
    /// The recipient is not to be written to.
    Suppressed,
}

/// What one attempt brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The HTTP status or SMTP code, if there was an answer.
    pub status: Option<u16>,
    /// How long it took.
    pub duration_ms: u32,
    /// What went wrong; `None`: delivered.
    pub error: Option<AttemptError>,
    /// At most 2 KiB of the answer (or of the reason), control characters replaced.
    pub excerpt: Option<String>,
    /// The receiver asks to wait so long: `Retry-After` in seconds (seconds or HTTP date), ≤ 24 h.
    pub retry_after: Option<u32>,
}

/// Signs and sends webhooks, and guards where they go.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// May such an address be stored for a channel? Err: what to tell the person.
    fn check(&self, url: &str) -> Result<(), String>;
    /// May a channel send such a header of its own? Err: what to tell the person.
    fn check_header(&self, name: &str, value: &str) -> Result<(), String>;
    /// Makes one attempt. Every outcome is an [`Attempt`].
    async fn send(&self, request: WebhookRequest) -> Attempt;
}
