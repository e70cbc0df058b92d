use domain::event::{Event, EventType};
use domain::severity::Severity;
use domain::trigger::{FirstPoll, GroupBy, Schedule, is_urgent};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::channel::{Channel, ChannelKind};
use super::delivery::DeliveryForm;
use super::secret::hex;

/// How an event goes to a channel that wants it: the same channel, event and instant always give the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// What is made of it.
    pub form: DeliveryForm,
    /// It does not wait for others.
    pub at_once: bool,
    /// The quiet hours that hold it, from their begin to their end.
    pub quiet: Option<(Timestamp, Timestamp)>,
    /// The row of the window that it shares with others; `None`: it goes alone.
    pub window: Option<String>,
}

/// The way of an event at an instant.
pub(super) fn way(channel: &Channel, event: &Event, now: Timestamp) -> Way {
    let trigger = &channel.trigger;
    let critical = event.kind.is_of_finding() && event.subjects.severity == Some(Severity::Critical);
    let loud = event.kind == EventType::Test || is_urgent(event.kind);
    let hours = trigger.quiet_hours.as_ref().filter(|q| !(loud || critical && q.except_critical));
    let quiet = hours.and_then(|q| q.span(now));
    if !channel.is_for_people() {
        let form =
            if matches!(channel.kind, ChannelKind::Chat { .. }) { DeliveryForm::Page } else { DeliveryForm::Request };
        return Way { form, at_once: true, quiet, window: None };
    }
    if loud {
        return Way { form: DeliveryForm::Letter, at_once: true, quiet: None, window: None };
    }
    let shared =
        |form, name: &str, at_once| Way { form, at_once, quiet, window: Some(format!("{name}:{}", channel.id)) };
    if trigger.schedule != Schedule::Immediate {
        return Way { quiet: None, ..shared(DeliveryForm::Digest, "digest", false) };
    }
    if event.kind == EventType::AssetFirstPolled && trigger.first_poll == FirstPoll::Summary {
        return shared(DeliveryForm::Summary, "summary", true);
    }
    if quiet.is_some() {
        return shared(DeliveryForm::Release, "release", false);
    }
    let letter = shared(DeliveryForm::Letter, "window", critical);
    match group(trigger.group_by, event) {
        Some(key) => Way { window: letter.window.map(|row| format!("{row}:{}", short(&key))), ..letter },
        None => letter,
    }
}

/// What an event belongs to, where a channel groups by more than the finding.
pub(super) fn group(by: GroupBy, event: &Event) -> Option<String> {
    let cves = event.payload.get("vulnerabilities").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    match (by, cves) {
        (GroupBy::Asset, _) => event.subjects.asset.as_ref().map(ToString::to_string),
        (GroupBy::Rule, _) => event.payload.pointer("/rule/id").and_then(Value::as_str).map(str::to_owned),
        // A folded finding is about a product, not about one of its many vulnerabilities.
        (GroupBy::Vulnerability, [one]) => one.get("cve").and_then(Value::as_str).map(str::to_owned),
        (GroupBy::Finding | GroupBy::Vulnerability, _) => None,
    }
}

/// A group's key, fit for the name of a row.
pub(super) fn short(key: &str) -> String {
    hex(&Sha256::digest(key)[..10])
}
