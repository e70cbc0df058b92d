use std::fmt;

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
    /// What signs, newest first: more than one while a rotation overlaps. Never empty.
    pub keys: Vec<SigningKey>,
    /// More headers of the channel's own.
    pub headers: Vec<(String, String)>,
}

/// What signs requests. Its `Debug` shows the kind and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub enum SigningKey {
    /// HMAC-SHA256 (`v1`): 24 to 64 bytes that the receiver holds too, spelled `whsec_…`.
    HmacSha256(Vec<u8>),
    /// Ed25519 (`v1a`): the private key's 32 random bytes (RFC 8032's seed). The receiver holds only the public key,
    /// spelled `whpk_…`: see [`Webhooks::public_key`].
    Ed25519([u8; 32]),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HmacSha256(_) => "HmacSha256",
            Self::Ed25519(_) => "Ed25519",
        })
    }
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

/// What a receiver asks of us beyond "taken" and "not taken".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Directive {
    /// Send nothing more: status 410, the header `webhook-delivery: disable` (even on a 2xx, which is delivered all
    /// the same), or a chat product that says that its webhook is gone for good. The channel is switched off.
    Disable,
    /// This message will never be taken: `webhook-delivery: abort-message` on a failure, or a chat product that
    /// cannot read it. No further attempt; the channel stays on.
    AbortMessage,
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
    /// What else the receiver asks for.
    pub directive: Option<Directive>,
}

/// Signs and sends webhooks, and guards where they go.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// May such an address be stored for a channel? Err: what to tell the person.
    fn check(&self, url: &str) -> Result<(), String>;
    /// May a channel send such a header of its own? Err: what to tell the person.
    fn check_header(&self, name: &str, value: &str) -> Result<(), String>;
    /// The public half of an Ed25519 key, spelled `whpk_…`, to be shown to the receiver at any time.
    fn public_key(&self, seed: &[u8; 32]) -> String;
    /// Makes one attempt. Every outcome is an [`Attempt`].
    async fn send(&self, request: WebhookRequest) -> Attempt;
}
