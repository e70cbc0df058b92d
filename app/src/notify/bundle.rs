//! From many frozen payloads to one letter: digests, floods, and what quiet hours held.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::{Event, EventType};
use domain::ids::FindingId;
use domain::severity::Severity;
use jiff::Timestamp;

use super::letter::{SHOWN, WORST, line, lines, organization};
use super::remind::Reminded;
use super::window::CAP;
use crate::ports::{DigestLetter, EventLine, FloodLetter, Footer, Letter, Period, ReleaseLetter, ReminderLetter};

/// What happened in a period. `name`: the organization's, where no event tells it.
pub(super) fn digest(
    events: &[Event],
    name: &str,
    (period, from, until): (Period, Timestamp, Timestamp),
    public_url: &str,
    footer: Footer,
) -> Letter {
    let opened = |e: &&Event| matches!(e.kind, EventType::FindingOpened | EventType::FindingReopened);
    let resolved = events.iter().filter(|e| e.kind == EventType::FindingResolved).count();
    Letter::Digest(DigestLetter {
        organization: events.first().map_or_else(|| name.to_owned(), organization),
        period,
        from,
        until,
        opened: counts(events.iter().filter(opened)),
        resolved: number(resolved),
        lines: lines(events, public_url, SHOWN),
        total: number(events.len()),
        url: format!("{public_url}/app/events"),
        footer,
    })
}

/// More than people can read.
pub(super) fn flood(events: &[Event], public_url: &str, footer: Footer) -> Option<Letter> {
    let first = events.first()?;
    Some(Letter::Flood(FloodLetter {
        organization: organization(first),
        since: events.iter().map(|e| e.at).min().unwrap_or(first.at),
        limit: CAP,
        counts: counts(events.iter()),
        worst: lines(events, public_url, WORST),
        total: number(events.len()),
        url: format!("{public_url}/app/events"),
        footer,
    }))
}

/// What quiet hours held: what still is so, and what is over. A finding shows once, by its last event.
pub(super) fn release(
    events: &[Event],
    ended: &BTreeSet<FindingId>,
    (from, until): (Timestamp, Timestamp),
    public_url: &str,
    footer: Footer,
) -> Option<Letter> {
    let first = events.first()?;
    let mut last: BTreeMap<&FindingId, &Event> = BTreeMap::new();
    for event in events {
        last.extend(event.subjects.finding.as_ref().map(|finding| (finding, event)));
    }
    let (mut still, mut over) = (Vec::new(), Vec::new());
    for event in events {
        match &event.subjects.finding {
            Some(finding) if last.get(finding).is_some_and(|l| l.id != event.id) => {}
            Some(finding) if ended.contains(finding) || event.kind == EventType::FindingResolved => {
                over.push(event.clone());
            }
            _ => still.push(event.clone()),
        }
    }
    let over: Vec<EventLine> = over.iter().take(SHOWN).map(|e| line(e, public_url)).collect();
    Some(Letter::Release(ReleaseLetter {
        organization: organization(first),
        from,
        until,
        lines: lines(&still, public_url, SHOWN),
        ended: over,
        total: number(still.len()),
        url: format!("{public_url}/app/events"),
        footer,
    }))
}

/// What is still open, the worst first; `None`: nothing is.
pub(super) fn reminder(
    findings: &[&Reminded],
    name: &str,
    now: Timestamp,
    public_url: &str,
    footer: Footer,
) -> Option<Letter> {
    let overdue = findings.iter().filter(|r| r.due_at.is_some_and(|due| due < now)).count();
    (!findings.is_empty()).then(|| {
        Letter::Reminder(ReminderLetter {
            organization: name.to_owned(),
            lines: findings.iter().take(SHOWN).map(|r| r.line.clone()).collect(),
            counts: by_severity(findings.iter().filter_map(|r| r.line.severity)),
            total: number(findings.len()),
            overdue: number(overdue),
            url: format!("{public_url}/app/findings"),
            footer,
        })
    })
}

/// How many events there are of each severity, the worst first.
fn counts<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<(Severity, u32)> {
    by_severity(events.filter_map(|e| e.subjects.severity))
}

fn by_severity(all: impl Iterator<Item = Severity>) -> Vec<(Severity, u32)> {
    let mut sums: BTreeMap<Severity, u32> = BTreeMap::new();
    for severity in all {
        *sums.entry(severity).or_default() += 1;
    }
    Severity::ALL.iter().rev().map(|s| (*s, sums.get(s).copied().unwrap_or(0))).collect()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
