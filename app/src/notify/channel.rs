use std::fmt;

use domain::actor::Actor;
use domain::event::EventType;
use domain::ids::ChannelId;
use domain::trigger::{DecisionReason, Trigger};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::recipient::Recipient;
use crate::ports::ChatService;

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
    /// How many failed attempts since then.
    #[serde(default)]
    pub failures: u32,
    /// How many deliveries did not arrive at their first attempt since then.
    #[serde(default)]
    pub undelivered: u32,
    /// How often people were warned since then: at 24 h, at 72 h.
    #[serde(default)]
    pub warned: u8,
    /// People were told that it fails or was switched off, and not yet that it works again.
    #[serde(default)]
    pub alarmed: bool,
    /// What is to be announced of its state and was not yet, for all that we know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// The events from which on what is open still has to be told; see [`super::NewWebhook::backfill_open`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<Backfill>,
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
        /// How requests are signed.
        #[serde(default)]
        signature: Signature,
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
        /// Every OWNER with a verified address too.
        #[serde(default)]
        to_owners: bool,
        /// Whoever is to work on a finding is told of it too, if their address is verified.
        #[serde(default)]
        to_assignees: bool,
        /// The members who were written to for these reasons, with their ways out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        members: Vec<Recipient>,
    },
    /// Messages to where people talk, or incidents that wake them.
    Chat {
        /// Which product.
        service: ChatService,
        /// Where to, as JSON, sealed: all of it is a credential.
        target_sealed: String,
    },
}

/// How webhooks are signed (Standard Webhooks 1.0).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Signature {
    /// `v1`: a secret that both sides hold.
    #[default]
    HmacSha256,
    /// `v1a`: the receiver holds only the public key.
    Ed25519,
}

/// What is to be announced of a channel's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// `CHANNEL_FAILING`, `CHANNEL_DISABLED` or `CHANNEL_RECOVERED`.
    pub kind: EventType,
    /// When it was found.
    pub at: Timestamp,
    /// What the last attempt ran into.
    pub last_error: Option<String>,
    /// Since when nothing but failures.
    pub failing_since: Timestamp,
    /// How many deliveries did not arrive.
    pub undelivered: u32,
}

/// Where telling a new channel of what is open stands: events behind `after`, up to `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backfill {
    /// The number of the last event that was looked at.
    pub after: u64,
    /// The number of the last event before the channel was made.
    pub until: u64,
}

/// Shows neither addresses nor secrets.
impl fmt::Debug for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook { .. } => f.write_str("Webhook"),
            Self::Email { recipients, .. } => write!(f, "Email({} recipients)", recipients.len()),
            Self::Chat { service, .. } => write!(f, "Chat({service:?})"),
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
        let ChannelKind::Email { recipients, to_owners, to_assignees, .. } = &self.kind else { return Ok(()) };
        if *to_owners || *to_assignees {
            return Ok(());
        }
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

    /// Does it lead to people? They get windows and summaries, machines get every event. An incident system is a machine.
    pub fn is_for_people(&self) -> bool {
        match &self.kind {
            ChannelKind::Webhook { .. } => false,
            ChannelKind::Email { .. } => true,
            ChannelKind::Chat { service, .. } => *service != ChatService::PagerDuty,
        }
    }

    /// Everybody who is written to, whatever the reason.
    pub(super) fn everybody(&mut self) -> impl Iterator<Item = &mut Recipient> {
        let lists: [&mut [Recipient]; 2] = match &mut self.kind {
            ChannelKind::Email { recipients, members, .. } => [recipients, members],
            ChannelKind::Webhook { .. } | ChannelKind::Chat { .. } => [&mut [], &mut []],
        };
        lists.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::email::EmailAddress;

    fn email(recipients: Vec<Recipient>) -> Channel {
        Channel {
            id: ChannelId::from_ulid("01J8ZQ4W3E9V6T5R2P1N0M8K7H").unwrap(),
            name: "Night shift".into(),
            enabled: true,
            kind: ChannelKind::Email { recipients, to_owners: false, to_assignees: false, members: Vec::new() },
            trigger: Trigger::default(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            created_by: Actor::system(),
            last_success_at: None,
            last_failure_at: None,
            failing_since: None,
            failures: 0,
            undelivered: 0,
            warned: 0,
            alarmed: false,
            notice: None,
            backfill: None,
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
            busy: Vec::new(),
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
