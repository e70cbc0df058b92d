use std::fmt;
use std::str::FromStr;

use domain::email::EmailAddress;
use domain::ids::{BadId, ChannelId, EventId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::secret::hex;
use crate::ports::AttemptError;

/// `delivery_` and 26 hexadecimal characters: the hash of channel and (first) event, so that a repeat makes the
/// same delivery. It is the `webhook-id`, and makes the `Message-ID`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeliveryId(String);

impl DeliveryId {
    /// The delivery to a channel that begins with an event.
    pub fn of(channel: &ChannelId, first: EventId) -> Self {
        let hash = Sha256::digest(format!("1\n{channel}\n{first}"));
        Self::of_hash(&hex(&hash[..13]))
    }

    /// The delivery with these 26 hexadecimal characters.
    pub(super) fn of_hash(hash: &str) -> Self {
        Self(format!("delivery_{hash}"))
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DeliveryId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let hex = text.strip_prefix("delivery_").ok_or(BadId)?;
        let ours = hex.len() == 26 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if ours { Ok(Self(text.to_owned())) } else { Err(BadId) }
    }
}

impl TryFrom<String> for DeliveryId {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<DeliveryId> for String {
    fn from(id: DeliveryId) -> Self {
        id.0
    }
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryState {
    /// No attempt yet.
    Pending,
    /// The receiver took it.
    Delivered,
    /// An attempt failed, another one follows.
    Retrying,
    /// Given up; a person can send it again.
    Exhausted,
    /// Its channel was disabled or deleted before it was delivered.
    Cancelled,
    /// Waits for the end of quiet hours.
    Held,
}

impl DeliveryState {
    /// Is nothing to happen any more by itself?
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Exhausted | Self::Cancelled)
    }
}

/// What a delivery is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryForm {
    /// One signed request with one event.
    Request,
    /// One event to an incident system.
    Page,
    /// One message with the events of a window.
    Letter,
    /// One message about the first polls of assets.
    Summary,
    /// One message about an hour, a day or a week.
    Digest,
    /// One message about what quiet hours held.
    Release,
    /// One message about what is still open.
    Reminder,
}

/// One attempt, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRecord {
    /// From 1. The mails of one attempt to several recipients share it.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub duration_ms: u32,
    /// HTTP status or SMTP code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong; `None`: delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<AttemptError>,
    /// ≤ 2 KiB of the answer (mail: ≤ 512 bytes).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// To whom, in a mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<EmailAddress>,
}

/// What became of a mail to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Sent {
    /// The server took it.
    Taken,
    /// It will never be taken.
    Refused,
}

/// Who holds a delivery while an attempt is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The holder's own id, unique for ever.
    pub by: String,
    /// Until when nobody else makes an attempt.
    pub until: Timestamp,
}

/// A delivery as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// To which channel.
    pub channel: ChannelId,
    /// What it is made of.
    pub form: DeliveryForm,
    /// Its events, oldest first; exactly one in a request.
    pub events: Vec<EventId>,
    /// Where it stands.
    pub state: DeliveryState,
    /// In words, where the state alone does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    /// What was tried.
    #[serde(default)]
    pub attempts: Vec<AttemptRecord>,
    /// When the next attempt is due; `None` in a final state.
    #[serde(default)]
    pub next_attempt_at: Option<Timestamp>,
    /// Nothing holds it back: neither quiet hours nor other events.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_once: bool,
    /// Its turn at the receiver, once it was given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<Timestamp>,
    /// How often it was put off because the receiver did not answer others.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub put_off: u32,
    /// What asked for it last, so that asking twice is asking once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<String>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When the receiver took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// The request's body, frozen when it was decided; of a mail its plain text, once it was written.
    pub body: String,
    /// What became of it per recipient; who is not in here has still to be written to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<(EmailAddress, Sent)>,
    /// Who makes an attempt at this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Delivery {
    /// The number of the next attempt.
    pub fn next_number(&self) -> u32 {
        self.attempts.iter().map(|a| a.number).max().unwrap_or(0) + 1
    }

    /// Does somebody make an attempt at `now`?
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.lease.as_ref().is_some_and(|l| l.until > now)
    }

    /// Ends it.
    pub(super) fn finish(&mut self, state: DeliveryState, explanation: Option<String>, now: Timestamp) {
        self.state = state;
        self.explanation = explanation;
        self.next_attempt_at = None;
        self.lease = None;
        if state == DeliveryState::Delivered {
            self.delivered_at = Some(now);
        }
    }

    /// What the request carries beside its body; what signs it is shown nowhere.
    pub fn request_headers(&self) -> Vec<(String, String)> {
        let mailed = self.attempts.iter().any(|a| a.recipient.is_some());
        if self.form != DeliveryForm::Request {
            let (name, value) = if mailed {
                ("Message-ID", format!("{} and the recipient", self.id))
            } else {
                ("content-type", "application/json".into())
            };
            return vec![(name.into(), value)];
        }
        let last = self.attempts.last().map(|a| a.at.as_second().to_string());
        vec![
            ("content-type".into(), "application/json".into()),
            ("webhook-id".into(), self.id.to_string()),
            ("webhook-timestamp".into(), last.unwrap_or_else(|| "of the attempt".into())),
            ("webhook-signature".into(), "not shown".into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::Bucket;

    #[test]
    fn the_same_channel_and_event_make_the_same_id() {
        let channel = ChannelId::from_ulid("01J8ZQ4W3E9V6T5R2P1N0M8K7H").unwrap();
        let other = ChannelId::from_ulid("01J8ZQ4W3E9V6T5R2P1N0M8K7J").unwrap();
        let event = EventId { bucket: Bucket(0), number: 7 };
        let id = DeliveryId::of(&channel, event);
        assert_eq!(id, DeliveryId::of(&channel, event));
        assert_ne!(id, DeliveryId::of(&other, event));
        assert_ne!(id, DeliveryId::of(&channel, EventId { bucket: Bucket(1), number: 7 }));
        assert_eq!(id.as_str().len(), "delivery_".len() + 26);
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}
