//! Which events a channel wants, and when.
//!
//! Pure decisions: the same trigger, event and instant give the same answer. Never here: what was sent already, or how.

mod digest;
mod quiet;
mod time;

pub use digest::{Schedule, next_digest};
pub use quiet::{QuietEnd, QuietHours};
pub use time::{BadTime, TimeOfDay, zone};

use serde::{Deserialize, Serialize};

use crate::event::{Event, EventType};
use crate::severity::{Confidence, Severity};

/// What is sent of an asset's first poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FirstPoll {
    /// Each event.
    Each,
    /// One summary.
    Summary,
    /// Nothing.
    None,
}

/// What belongs together: of people's messages what stands in one, of an incident system what is one incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GroupBy {
    /// Each finding is an incident of its own; messages to people are not split.
    #[default]
    Finding,
    /// All of an asset.
    Asset,
    /// All of a vulnerability.
    Vulnerability,
    /// All of a rule.
    Rule,
}

/// A channel's wishes. Empty lists mean: all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Trigger {
    /// Types of events.
    pub event_types: Vec<EventType>,
    /// The least severity of a finding; does not apply to events without one.
    pub min_severity: Severity,
    /// How sure a finding has to be.
    pub confidence: Vec<Confidence>,
    /// The asset has one of these tags.
    pub asset_tags: Vec<String>,
    /// A CEL expression over `event`, `finding` and `asset`.
    pub expression: Option<String>,
    /// What is sent of an asset's first poll.
    pub first_poll: FirstPoll,
    /// Not what these did: keeps a ticket system's own changes from coming back.
    pub ignore_actor_ids: Vec<String>,
    /// IANA name of the zone that dates are shown in and digests go by.
    pub time_zone: String,
    /// When notifications go out.
    pub schedule: Schedule,
    /// When a daily or weekly digest goes out; `None`: at 08:00.
    pub digest_at: Option<TimeOfDay>,
    /// On which day a weekly digest goes out (ISO: Monday is 1); `None`: on Monday.
    pub digest_weekday: Option<u8>,
    /// A digest goes out even if nothing happened.
    pub send_empty: bool,
    /// When people are not to be disturbed.
    pub quiet_hours: Option<QuietHours>,
    /// What belongs together.
    pub group_by: GroupBy,
    /// After how many hours people are reminded of what is still open; `None`: never.
    pub repeat_hours: Option<u16>,
}

impl Default for Trigger {
    fn default() -> Self {
        Self {
            event_types: Vec::new(),
            min_severity: Severity::Info,
            confidence: Vec::new(),
            asset_tags: Vec::new(),
            expression: None,
            first_poll: FirstPoll::Each,
            ignore_actor_ids: Vec::new(),
            time_zone: "UTC".into(),
            schedule: Schedule::Immediate,
            digest_at: None,
            digest_weekday: None,
            send_empty: false,
            quiet_hours: None,
            group_by: GroupBy::Finding,
            repeat_hours: None,
        }
    }
}

/// Why a channel was told of an event, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the words of the API's DecisionReason, described there")]
pub enum DecisionReason {
    Delivered,
    Queued,
    HeldForDigest,
    HeldInQuietHours,
    DroppedInQuietHours,
    Summarized,
    NotEventType,
    BelowSeverity,
    NotConfidence,
    NotTag,
    NotExpression,
    Triaged,
    ChannelDisabled,
    ChannelNewer,
    Unconfirmed,
    Unsubscribed,
    Suppressed,
    Exhausted,
}

/// Does an event end, lower or reopen something that its receiver was told of?
pub const fn concludes(kind: EventType) -> bool {
    matches!(
        kind,
        EventType::FindingResolved
            | EventType::FindingReopened
            | EventType::FindingStateChanged
            | EventType::FindingSeverityChanged
    )
}

/// Knows no quiet hours, no digest and no cap: without the source, or without credits, nobody is watching.
pub const fn is_urgent(kind: EventType) -> bool {
    matches!(kind, EventType::SourceFailing | EventType::CreditsLow)
}

/// Does the channel want the event? `told`: it was told of this finding before, so it is told of its end too, unless
/// whoever ended it is to be ignored. The expression is judged apart, by [`crate::rule`]'s guard.
pub fn judge(trigger: &Trigger, event: &Event, told: bool) -> Result<(), DecisionReason> {
    if event.kind == EventType::Test {
        return Ok(());
    }
    if event.actor.id.as_ref().is_some_and(|id| trigger.ignore_actor_ids.contains(id)) {
        return Err(DecisionReason::NotEventType);
    }
    if told && concludes(event.kind) {
        return Ok(());
    }
    if !trigger.event_types.is_empty() && !trigger.event_types.contains(&event.kind) {
        return Err(DecisionReason::NotEventType);
    }
    if event.subjects.severity.is_some_and(|s| s < trigger.min_severity) {
        return Err(DecisionReason::BelowSeverity);
    }
    let sure =
        event.subjects.confidence.is_none_or(|c| trigger.confidence.is_empty() || trigger.confidence.contains(&c));
    if !sure {
        return Err(DecisionReason::NotConfidence);
    }
    let tagged =
        trigger.asset_tags.is_empty() || trigger.asset_tags.iter().any(|t| event.subjects.asset_tags.contains(t));
    if !tagged && event.subjects.asset.is_some() {
        return Err(DecisionReason::NotTag);
    }
    if event.first_poll && trigger.first_poll == FirstPoll::None {
        return Err(DecisionReason::NotEventType);
    }
    Ok(())
}
