use domain::email::EmailAddress;
use domain::trigger::DecisionReason;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Somebody who is written to.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recipient {
    /// Their address.
    pub email: EmailAddress,
    /// When they said that we may write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// The hash of the token that confirms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_sha256: Option<String>,
    /// When the confirmation mail was taken by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// The token that unsubscribes, sealed, because every mail shows it.
    pub unsubscribe_sealed: String,
    /// When they said that we must not write any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribed_at: Option<Timestamp>,
    /// When mails to them were refused for the moment, since the last one that was taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub busy: Vec<Timestamp>,
    /// Why the program does not write to them any more: what the mail server said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed_reason: Option<String>,
}

impl Recipient {
    /// May they be written to? Err: why not.
    pub fn reachable(&self) -> Result<(), DecisionReason> {
        if self.unsubscribed_at.is_some() {
            Err(DecisionReason::Unsubscribed)
        } else if self.suppressed_reason.is_some() {
            Err(DecisionReason::Suppressed)
        } else if self.confirmed_at.is_none() {
            Err(DecisionReason::Unconfirmed)
        } else {
            Ok(())
        }
    }
}
