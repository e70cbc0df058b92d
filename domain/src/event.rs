//! What is announced: the append-only log, webhooks and mails all carry the same events.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::actor::Actor;
use crate::finding::FindingState;
use crate::ids::{AssetId, ChannelId, EventId, FindingId, ServiceId};
use crate::severity::{Confidence, Severity};

macro_rules! event_types {
    ($($(#[$doc:meta])* $name:ident = $word:literal),+ $(,)?) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum EventType {
            $($(#[$doc])* #[serde(rename = $word)] $name,)+
        }

        impl EventType {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word of the API.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

event_types! {
    /// A finding was opened.
    FindingOpened = "FINDING_OPENED",
    /// A resolved finding came back.
    FindingReopened = "FINDING_REOPENED",
    /// A finding is gone.
    FindingResolved = "FINDING_RESOLVED",
    /// Its severity changed.
    FindingSeverityChanged = "FINDING_SEVERITY_CHANGED",
    /// Somebody, or the end of a decision, changed its state.
    FindingStateChanged = "FINDING_STATE_CHANGED",
    /// CISA lists its vulnerability as exploited.
    FindingAddedToKev = "FINDING_ADDED_TO_KEV",
    /// Due date, confidence, assignee, ticket, owner asset, or risk by 10 or more.
    FindingUpdated = "FINDING_UPDATED",
    /// Somebody is to work on it.
    FindingAssigned = "FINDING_ASSIGNED",
    /// Somebody wrote about it.
    FindingCommented = "FINDING_COMMENTED",
    /// It is due within 3 days.
    FindingDueSoon = "FINDING_DUE_SOON",
    /// It was due.
    FindingOverdue = "FINDING_OVERDUE",
    /// A decision ends within 14 days.
    TriageEnding = "TRIAGE_ENDING",
    /// A decision ended.
    TriageEnded = "TRIAGE_ENDED",
    /// A service was seen for the first time, or again.
    ServiceOpened = "SERVICE_OPENED",
    /// A service says something else.
    ServiceChanged = "SERVICE_CHANGED",
    /// A service is gone.
    ServiceClosed = "SERVICE_CLOSED",
    /// An address of a network was seen for the first time.
    HostAppeared = "HOST_APPEARED",
    /// An asset was registered.
    AssetCreated = "ASSET_CREATED",
    /// An asset was changed.
    AssetUpdated = "ASSET_UPDATED",
    /// An asset was deleted.
    AssetDeleted = "ASSET_DELETED",
    /// An asset was retired.
    AssetRetired = "ASSET_RETIRED",
    /// Nothing was seen of an asset for too long.
    AssetStale = "ASSET_STALE",
    /// A poll failed for a cause of that asset alone.
    AssetPollFailed = "ASSET_POLL_FAILED",
    /// A failed asset answers again.
    AssetRecovered = "ASSET_RECOVERED",
    /// An asset was polled for the first time.
    AssetFirstPolled = "ASSET_FIRST_POLLED",
    /// A source does not answer.
    SourceFailing = "SOURCE_FAILING",
    /// A source answers again.
    SourceRecovered = "SOURCE_RECOVERED",
    /// Few credits are left.
    CreditsLow = "CREDITS_LOW",
    /// A channel's receiver fails.
    ChannelFailing = "CHANNEL_FAILING",
    /// A channel was switched off.
    ChannelDisabled = "CHANNEL_DISABLED",
    /// A channel's receiver works again.
    ChannelRecovered = "CHANNEL_RECOVERED",
    /// Somebody tests a channel.
    Test = "TEST",
}

impl EventType {
    /// The `type` of a webhook: lower case, the first underscore a dot; `test.ping` for a test.
    pub fn wire(self) -> String {
        match self {
            Self::Test => "test.ping".into(),
            other => other.as_str().to_lowercase().replacen('_', ".", 1),
        }
    }

    /// Is it about one finding?
    pub fn is_of_finding(self) -> bool {
        self.as_str().starts_with("FINDING_")
    }
}

/// What a ticket system does with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Open a ticket.
    Open,
    /// Change it.
    Update,
    /// Somebody works on it.
    Acknowledge,
    /// Close it.
    Close,
    /// Open it again.
    Reopen,
    /// Nothing.
    None,
}

impl Action {
    /// What an event about a finding asks for, given the state that the finding had and has.
    pub fn of(kind: EventType, before: Option<FindingState>, after: FindingState) -> Self {
        match kind {
            // A policy decided before anybody was told: there is nothing to work on.
            EventType::FindingOpened | EventType::FindingReopened if !after.is_active() => Self::None,
            EventType::FindingOpened => Self::Open,
            EventType::FindingReopened => Self::Reopen,
            EventType::FindingResolved => Self::Close,
            EventType::FindingStateChanged => match after {
                FindingState::Acknowledged => Self::Acknowledge,
                FindingState::Accepted | FindingState::FalsePositive | FindingState::Resolved => Self::Close,
                FindingState::Open if before.is_some_and(|b| !b.is_active()) => Self::Reopen,
                FindingState::Open => Self::Update,
            },
            kind if kind.is_of_finding() && after.is_active() => Self::Update,
            _ => Self::None,
        }
    }
}

/// One field that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which.
    pub field: String,
    /// What it was.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}

impl Change {
    /// A change, if it is one.
    pub fn between(field: &str, before: Option<String>, after: Option<String>) -> Option<Self> {
        (before != after).then(|| Self { field: field.into(), before, after })
    }
}

/// What an event is about, for filters and triggers: as it was then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Subjects {
    /// The asset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset: Option<AssetId>,
    /// The finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingId>,
    /// The service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceId>,
    /// The channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// The finding's severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The finding's confidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// The finding's state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<FindingState>,
    /// The asset's tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asset_tags: Vec<String>,
}

/// An event that was decided and has no number yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What happened.
    pub kind: EventType,
    /// What it is about.
    pub subjects: Subjects,
    /// Who did it.
    pub actor: Actor,
    /// What changed.
    pub changes: Vec<Change>,
    /// It is part of an asset's first poll.
    pub first_poll: bool,
    /// What a ticket system does.
    pub action: Action,
    /// The parts of the payload that are the event's own (`finding`, `rule`, `asset`, `service` …), in the
    /// order in which they are written; see [`crate::payload`].
    pub parts: Vec<(&'static str, Value)>,
}

/// An event as it is stored: frozen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When.
    pub at: Timestamp,
    /// What it is about.
    #[serde(flatten)]
    pub subjects: Subjects,
    /// Who did it.
    pub actor: Actor,
    /// What changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// It is part of an asset's first poll.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_poll: bool,
    /// `data` of the webhook.
    pub payload: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_name_has_its_first_underscore_as_a_dot() {
        assert_eq!(EventType::FindingAddedToKev.wire(), "finding.added_to_kev");
        assert_eq!(EventType::CreditsLow.wire(), "credits.low");
        assert_eq!(EventType::Test.wire(), "test.ping");
    }

    #[test]
    fn accepting_closes_and_its_end_reopens() {
        use FindingState::{Accepted, Acknowledged, Open};
        assert_eq!(Action::of(EventType::FindingStateChanged, Some(Open), Accepted), Action::Close);
        assert_eq!(Action::of(EventType::FindingStateChanged, Some(Accepted), Open), Action::Reopen);
        assert_eq!(Action::of(EventType::FindingStateChanged, Some(Open), Acknowledged), Action::Acknowledge);
        assert_eq!(Action::of(EventType::FindingUpdated, Some(Accepted), Accepted), Action::None);
        assert_eq!(Action::of(EventType::FindingOpened, None, Open), Action::Open);
        assert_eq!(Action::of(EventType::FindingOpened, None, Accepted), Action::None);
    }
}
