use domain::event::{Event, EventType};
use domain::finding::FindingState;
use domain::severity::Severity;
use domain::trigger::{DecisionReason, FirstPoll, is_urgent, judge};
use serde_json::Value;

use super::channel::{Channel, ChannelKind};
use super::expression::{Allowed, expression_allows};

/// Does a channel want an event? Ok: with the reason why its expression could not be judged, if so; Err: why not. The
/// same arguments always give the same answer. `told`: the channel was told of this finding before.
pub(super) fn verdict(channel: &Channel, event: &Event, told: bool) -> Result<Option<String>, DecisionReason> {
    let note = wants(channel, event, told)?;
    channel.reachable()?;
    Ok(note)
}

/// Is the program's own health at stake? What no channel takes goes to the owners then.
pub(super) const fn concerns_owners(kind: EventType) -> bool {
    is_urgent(kind) || matches!(kind, EventType::ChannelFailing | EventType::ChannelDisabled)
}

fn wants(channel: &Channel, event: &Event, told: bool) -> Result<Option<String>, DecisionReason> {
    let about_this = event.subjects.channel.as_ref() == Some(&channel.id);
    if event.kind == EventType::Test && !about_this {
        return Err(DecisionReason::NotEventType);
    }
    if !channel.is_on() {
        return Err(DecisionReason::ChannelDisabled);
    }
    // A channel that fails is not told through itself: that would fail again, and so on.
    if about_this && matches!(event.kind, EventType::ChannelDisabled | EventType::ChannelFailing) {
        return Err(DecisionReason::ChannelDisabled);
    }
    judge_trigger(channel, event, told)?;
    let opens = matches!(event.kind, EventType::FindingOpened | EventType::FindingReopened);
    let decided = matches!(event.subjects.state, Some(FindingState::Accepted | FindingState::FalsePositive));
    if opens && decided && !told {
        return Err(DecisionReason::Triaged);
    }
    if only_assignees(channel) && event.payload.pointer("/finding/assignee/email").is_none_or(Value::is_null) {
        return Err(DecisionReason::NotEventType);
    }
    if event.kind == EventType::AssetFirstPolled
        && channel.trigger.first_poll == FirstPoll::Summary
        && found_nothing(channel, event)
    {
        return Err(DecisionReason::BelowSeverity);
    }
    let note = match expression_allows(&channel.trigger, event, told) {
        Allowed::Yes => None,
        Allowed::No => return Err(DecisionReason::NotExpression),
        Allowed::Undecided(why) => Some(why),
    };
    if event.first_poll && event.kind != EventType::AssetFirstPolled && channel.trigger.first_poll == FirstPoll::Summary
    {
        return Err(DecisionReason::Summarized);
    }
    Ok(note)
}

/// The trigger, as [`domain`] judges it. A summary stands for the events that it sums up, so the types that the
/// trigger names do not keep it away.
fn judge_trigger(channel: &Channel, event: &Event, told: bool) -> Result<(), DecisionReason> {
    let trigger = &channel.trigger;
    if event.kind != EventType::AssetFirstPolled || trigger.first_poll != FirstPoll::Summary {
        return judge(trigger, event, told);
    }
    let mut of_summary = trigger.clone();
    of_summary.event_types.clear();
    judge(&of_summary, event, told)?;
    let sums_up = |kind: &EventType| {
        matches!(
            kind,
            EventType::FindingOpened | EventType::ServiceOpened | EventType::HostAppeared | EventType::AssetFirstPolled
        )
    };
    if trigger.event_types.is_empty() || trigger.event_types.iter().any(sums_up) {
        Ok(())
    } else {
        Err(DecisionReason::NotEventType)
    }
}

/// Is there nobody to tell but whoever works on the finding?
fn only_assignees(channel: &Channel) -> bool {
    matches!(&channel.kind, ChannelKind::Email { recipients, to_owners: false, to_assignees: true, .. } if recipients.is_empty())
}

/// A summary without a finding of the severity that the trigger asks for is no news to people.
fn found_nothing(channel: &Channel, event: &Event) -> bool {
    let Some(counts) = event.payload.pointer("/summary/counts").and_then(Value::as_object) else { return false };
    channel.is_for_people()
        && Severity::ALL
            .iter()
            .filter(|s| **s >= channel.trigger.min_severity)
            .all(|s| counts.get(&s.as_str().to_lowercase()).and_then(Value::as_u64).unwrap_or(0) == 0)
}
