use domain::event::{Event, EventType};
use domain::finding::FindingState;
use domain::severity::Severity;
use domain::trigger::{DecisionReason, FirstPoll, judge};
use serde_json::Value;

use super::channel::Channel;
use super::delivery::DeliveryForm;
use super::expression::{Allowed, expression_allows};

/// What a channel gets of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is sent.
    Send {
        /// In what form.
        form: DeliveryForm,
        /// `true`: at once. `false`: with what else comes within the window.
        at_once: bool,
        /// Why the expression did not say no although it could not be judged.
        note: Option<String>,
    },
    /// It is not sent.
    Not(DecisionReason),
}

/// Is an event judged for a channel: the same arguments always give the same answer. `told`: the channel was told
/// of this finding before.
pub(super) fn verdict(channel: &Channel, event: &Event, told: bool) -> Verdict {
    match wants(channel, event, told) {
        Err(reason) => Verdict::Not(reason),
        Ok(note) => match channel.reachable() {
            Err(reason) => Verdict::Not(reason),
            Ok(()) => send(channel, event, note),
        },
    }
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
    if event.at < channel.created_at {
        return Err(DecisionReason::ChannelNewer);
    }
    judge_trigger(channel, event, told)?;
    let opens = matches!(event.kind, EventType::FindingOpened | EventType::FindingReopened);
    let decided = matches!(event.subjects.state, Some(FindingState::Accepted | FindingState::FalsePositive));
    if opens && decided && !told {
        return Err(DecisionReason::Triaged);
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

/// A summary without a finding of the severity that the trigger asks for is no news to people.
fn found_nothing(channel: &Channel, event: &Event) -> bool {
    let Some(counts) = event.payload.pointer("/summary/counts").and_then(Value::as_object) else { return false };
    channel.is_for_people()
        && Severity::ALL
            .iter()
            .filter(|s| **s >= channel.trigger.min_severity)
            .all(|s| counts.get(&s.as_str().to_lowercase()).and_then(Value::as_u64).unwrap_or(0) == 0)
}

fn send(channel: &Channel, event: &Event, note: Option<String>) -> Verdict {
    if !channel.is_for_people() {
        return Verdict::Send { form: DeliveryForm::Request, at_once: true, note };
    }
    if event.kind == EventType::AssetFirstPolled && channel.trigger.first_poll == FirstPoll::Summary {
        return Verdict::Send { form: DeliveryForm::Summary, at_once: true, note };
    }
    let critical = event.kind.is_of_finding() && event.subjects.severity == Some(Severity::Critical);
    Verdict::Send { form: DeliveryForm::Letter, at_once: critical || event.kind == EventType::Test, note }
}
