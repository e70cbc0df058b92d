//! Which events a channel wants.

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
    /// IANA name of the zone that dates are shown in.
    pub time_zone: String,
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

/// Does the channel want the event? `told`: it was told of this finding before, so it is told of its end too.
/// The expression is judged apart, by [`crate::rule`]'s guard.
pub fn judge(trigger: &Trigger, event: &Event, told: bool) -> Result<(), DecisionReason> {
    let ends = matches!(
        event.kind,
        EventType::FindingResolved
            | EventType::FindingReopened
            | EventType::FindingStateChanged
            | EventType::FindingSeverityChanged
    );
    if event.kind == EventType::Test || (told && ends) {
        return Ok(());
    }
    if event.actor.id.as_ref().is_some_and(|id| trigger.ignore_actor_ids.contains(id)) {
        return Err(DecisionReason::NotEventType);
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
