//! Incidents: what an incident system opens and closes by the events it gets, each as it happens.

use std::collections::BTreeSet;

use domain::event::{Action, Event, EventType};
use domain::ids::FindingId;
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::way::{group, short};
use crate::ports::Incident;

/// An incident of many findings: who of them is open. It closes with the last one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Page {
    /// The findings.
    pub open: BTreeSet<FindingId>,
}

/// An incident remembers at most so many findings; the others open nothing new and close nothing.
const MOST: usize = 2_000;

impl Page {
    /// As it is after an event about a finding. `None`: nothing is to be told, because others are still open.
    pub(super) fn after(&self, finding: &FindingId, action: Action) -> Option<Self> {
        let mut after = self.clone();
        match action {
            Action::Open | Action::Reopen if after.open.len() < MOST => {
                after.open.insert(finding.clone());
            }
            Action::Close => {
                after.open.remove(finding);
                if !after.open.is_empty() {
                    return None;
                }
            }
            _ => {}
        }
        Some(after)
    }

    /// As it is although nothing is told.
    pub(super) fn without(&self, finding: &FindingId) -> Self {
        let mut after = self.clone();
        after.open.remove(finding);
        after
    }
}

/// The row of the page that an event belongs to; `None`: its incident is its own.
pub(super) fn page_row(channel: &Channel, event: &Event) -> Option<String> {
    if channel.is_for_people() || !matches!(channel.kind, super::ChannelKind::Chat { .. }) {
        return None;
    }
    event.subjects.finding.as_ref()?;
    group(channel.trigger.group_by, event).map(|key| format!("page:{}:{}", channel.id, short(&key)))
}

/// The incident that an event is about.
pub(super) fn incident(channel: &Channel, event: &Event) -> Incident {
    let org = text(event, "/organization/id");
    let key = group(channel.trigger.group_by, event)
        .or_else(|| event.subjects.finding.as_ref().map(ToString::to_string))
        .unwrap_or_else(|| match event.kind {
            EventType::SourceFailing | EventType::SourceRecovered => format!("{org}:{}", text(event, "/source/name")),
            EventType::CreditsLow => format!("{org}:credits"),
            EventType::ChannelFailing | EventType::ChannelDisabled | EventType::ChannelRecovered => {
                text(event, "/channel/id")
            }
            EventType::Test => format!("test:{}", event.id),
            _ => event.subjects.asset.as_ref().map_or_else(|| event.id.to_string(), ToString::to_string),
        });
    Incident { key, action: action(event) }
}

/// What becomes of the incident.
pub(super) fn action(event: &Event) -> Action {
    match event.kind {
        EventType::SourceFailing
        | EventType::CreditsLow
        | EventType::ChannelFailing
        | EventType::ChannelDisabled
        | EventType::AssetPollFailed
        | EventType::AssetStale
        | EventType::Test => Action::Open,
        EventType::SourceRecovered | EventType::ChannelRecovered | EventType::AssetRecovered => Action::Close,
        _ => event.payload.get("action").and_then(|a| Action::deserialize(a).ok()).unwrap_or(Action::None),
    }
}

fn text(event: &Event, pointer: &str) -> String {
    event.payload.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(number: u32) -> FindingId {
        format!("finding_0001J8ZQ4W3E9V6T5R2P1N0M8K7H{number:016x}").parse().unwrap()
    }

    #[test]
    fn a_page_closes_with_its_last_finding() {
        let mut page = Page::default();
        for number in 1..=2 {
            page = page.after(&finding(number), Action::Open).unwrap();
        }
        assert_eq!(page.after(&finding(1), Action::Close), None);
        page = page.without(&finding(1));
        assert_eq!(page.after(&finding(2), Action::Close), Some(Page::default()));
        assert!(page.after(&finding(9), Action::Update).is_some());
    }
}
