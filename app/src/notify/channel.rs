use std::fmt;

use domain::actor::Actor;
use domain::email::EmailAddress;
use domain::ids::ChannelId;
use domain::trigger::{DecisionReason, Trigger};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A way to reach a machine or people. A deleted one stays as a tombstone with its name, so that history can be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// What people call it, 1 to 200 characters.
    pub name: String,
    /// A person's switch.
    pub enabled: bool,
    /// Where it leads.
    pub kind: ChannelKind,
    /// Which events it wants.
    pub trigger: Trigger,
    /// When it was made. What happened before is not sent.
    pub created_at: Timestamp,
    /// When a person last changed it.
    pub updated_at: Timestamp,
    /// Who made it.
    pub created_by: Actor,
    /// When its receiver last took something, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<Timestamp>,
    /// When its receiver last failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure_at: Option<Timestamp>,
    /// Since when nothing but failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// How many failures since then.
    #[serde(default)]
    pub failures: u32,
    /// Why the program switched it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<String>,
    /// Why its expression could not be judged when that last happened; such events are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression_error: Option<String>,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

/// Where a channel leads.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum ChannelKind {
    /// Signed requests to a machine.
    Webhook {
        /// Where to. May hold a secret of the receiver: not for logs.
        url: String,
        /// What signs, sealed.
        secret_sealed: String,
        /// When the secret was made.
        secret_rotated_at: Timestamp,
        /// The secret before it, while both sign.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous: Option<PreviousSecret>,
        /// More headers, as JSON pairs, sealed: they often hold a token.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        headers_sealed: Option<String>,
    },
    /// Mail to people.
    Email {
        /// Who. Only the confirmed ones are written to.
        recipients: Vec<Recipient>,
    },
}

/// Shows neither addresses nor secrets.
impl fmt::Debug for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook { .. } => f.write_str("Webhook"),
            Self::Email { recipients } => write!(f, "Email({} recipients)", recipients.len()),
        }
    }
}

/// The secret before the present one.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct PreviousSecret {
    /// The secret, sealed.
    pub sealed: String,
    /// Until when requests are signed with it too.
    pub until: Timestamp,
}

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
    /// Why the mail server will never take mail for them.
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

/// How a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelStatus {
    /// As far as we know it works.
    Healthy,
    /// No recipient has confirmed yet.
    Unconfirmed,
    /// Its receiver failed at the last attempt.
    Failing,
    /// Switched off by a person or by the program, or deleted.
    Disabled,
}

impl ChannelStatus {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "HEALTHY",
            Self::Unconfirmed => "UNCONFIRMED",
            Self::Failing => "FAILING",
            Self::Disabled => "DISABLED",
        }
    }
}

impl Channel {
    /// How it is.
    pub fn status(&self) -> ChannelStatus {
        if !self.is_on() {
            ChannelStatus::Disabled
        } else if self.reachable() == Err(DecisionReason::Unconfirmed) {
            ChannelStatus::Unconfirmed
        } else if self.failing_since.is_some() {
            ChannelStatus::Failing
        } else {
            ChannelStatus::Healthy
        }
    }

    /// Neither switched off nor deleted.
    pub fn is_on(&self) -> bool {
        self.enabled && self.disabled_reason.is_none() && self.deleted_at.is_none()
    }

    /// Is there anybody to send to? Err: why not; who may still confirm goes first.
    pub fn reachable(&self) -> Result<(), DecisionReason> {
        let ChannelKind::Email { recipients } = &self.kind else { return Ok(()) };
        let mut worst = Err(DecisionReason::Unconfirmed);
        for (index, recipient) in recipients.iter().enumerate() {
            match recipient.reachable() {
                Ok(()) => return Ok(()),
                Err(DecisionReason::Unconfirmed) => worst = Err(DecisionReason::Unconfirmed),
                Err(reason) if index == 0 => worst = Err(reason),
                Err(_) => {}
            }
        }
        worst
    }

    /// Does it lead to people? They get windows and summaries, machines get every event.
    pub fn is_for_people(&self) -> bool {
        matches!(self.kind, ChannelKind::Email { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(recipients: Vec<Recipient>) -> Channel {
        Channel {
            id: ChannelId::from_ulid("01J8ZQ4W3E9V6T5R2P1N0M8K7H").unwrap(),
            name: "Night shift".into(),
            enabled: true,
            kind: ChannelKind::Email { recipients },
            trigger: Trigger::default(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            created_by: Actor::system(),
            last_success_at: None,
            last_failure_at: None,
            failing_since: None,
            failures: 0,
            disabled_reason: None,
            expression_error: None,
            deleted_at: None,
        }
    }

    fn recipient(confirmed: bool, unsubscribed: bool) -> Recipient {
        Recipient {
            email: EmailAddress::parse("ops@plant.example").unwrap(),
            confirmed_at: confirmed.then_some(Timestamp::UNIX_EPOCH),
            token_sha256: None,
            asked_at: None,
            unsubscribe_sealed: "sealed".into(),
            unsubscribed_at: unsubscribed.then_some(Timestamp::UNIX_EPOCH),
            suppressed_reason: None,
        }
    }

    #[test]
    fn one_confirmed_recipient_is_enough_and_none_is_not() {
        assert_eq!(email(vec![recipient(false, false), recipient(true, false)]).status(), ChannelStatus::Healthy);
        assert_eq!(
            email(vec![recipient(true, true), recipient(false, false)]).reachable(),
            Err(DecisionReason::Unconfirmed)
        );
        assert_eq!(email(vec![recipient(true, true)]).reachable(), Err(DecisionReason::Unsubscribed));
        assert_eq!(email(vec![recipient(false, false)]).status(), ChannelStatus::Unconfirmed);
    }

    #[test]
    fn debug_shows_neither_addresses_nor_secrets() {
        let text = format!("{:?}", email(vec![recipient(true, false)]));
        assert!(!text.contains("ops@plant") && !text.contains("sealed"), "{text}");
    }
}
