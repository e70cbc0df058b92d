//! From frozen payloads to letters. A payload may be older than this program, so nothing in it is taken for granted.

use domain::event::{Event, EventType};
use domain::severity::{Confidence, Severity};
use serde_json::Value;

use super::bundle;
use super::health::DISABLED_AFTER;
use super::window::CAP;
use crate::ports::{
    ChannelLetter, EventLine, EvidenceLine, FindingLetter, Footer, GroupLetter, Letter, SourceLetter, SummaryLetter,
    TestLetter,
};

/// A letter shows at most so many events; it says how many there are.
pub(super) const SHOWN: usize = 50;
/// A summary shows the ten worst.
pub(super) const WORST: usize = 10;

/// The letter about the events of a window; `None`: there are none.
pub(super) fn of(events: &[Event], public_url: &str, footer: Footer) -> Option<Letter> {
    if events.len() > CAP as usize {
        return bundle::flood(events, public_url, footer);
    }
    let [event] = events else { return group(events, public_url, footer) };
    Some(match event.kind {
        EventType::Test => test(event, footer),
        EventType::ChannelFailing | EventType::ChannelDisabled => channel(event, public_url, footer),
        EventType::SourceFailing | EventType::SourceRecovered | EventType::CreditsLow => {
            source(event, public_url, footer)
        }
        kind if kind.is_of_finding() => finding(event, public_url, footer),
        _ => return group(events, public_url, footer),
    })
}

/// The letter about what the first polls of assets found; `None`: there are none.
pub(super) fn summary(events: &[Event], public_url: &str, footer: Footer) -> Option<Letter> {
    let first = events.first()?;
    let total = |pointer: &str| events.iter().map(|e| number(&e.payload, pointer)).fold(0, u32::saturating_add);
    let counts =
        Severity::ALL.iter().rev().map(|s| (*s, total(&format!("/summary/counts/{}", s.as_str().to_lowercase()))));
    let mut worst: Vec<(u32, EventLine)> = events.iter().flat_map(|e| worst_of(e, public_url)).collect();
    worst.sort_by(|(a, x), (b, y)| y.severity.cmp(&x.severity).then(b.cmp(a)));
    let url = match (events, text(&first.payload, "/asset/id")) {
        ([_], Some(asset)) => format!("{public_url}/app/assets/{asset}"),
        _ => format!("{public_url}/app/findings"),
    };
    Some(Letter::FirstPoll(SummaryLetter {
        organization: organization(first),
        assets: u32::try_from(events.len()).unwrap_or(u32::MAX),
        services: total("/summary/services"),
        counts: counts.collect(),
        worst: worst.into_iter().take(WORST).map(|(_, line)| line).collect(),
        url,
        footer,
    }))
}

fn worst_of(event: &Event, public_url: &str) -> Vec<(u32, EventLine)> {
    let found =
        event.payload.pointer("/summary/worst").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let line = |f: &Value| EventLine {
        event: EventType::FindingOpened,
        at: event.at,
        severity: parsed(f, "/severity"),
        title: text(f, "/title").unwrap_or_default(),
        place: place(text(f, "/ip"), f.pointer("/port").and_then(Value::as_u64)),
        asset: text(&event.payload, "/asset/name"),
        url: format!("{public_url}/app/findings/{}", text(f, "/id").unwrap_or_default()),
    };
    found.iter().map(|f| (number(f, "/riskScore"), line(f))).collect()
}

fn group(events: &[Event], public_url: &str, footer: Footer) -> Option<Letter> {
    let first = events.first()?;
    let lines = lines(events, public_url, SHOWN);
    let total = u32::try_from(events.len()).unwrap_or(u32::MAX);
    Some(Letter::Findings(GroupLetter {
        organization: organization(first),
        lines,
        total,
        url: format!("{public_url}/app/events"),
        footer,
    }))
}

/// The worst of the events, at most so many.
pub(super) fn lines(events: &[Event], public_url: &str, most: usize) -> Vec<EventLine> {
    let mut lines: Vec<EventLine> = events.iter().map(|e| line(e, public_url)).collect();
    lines.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.at.cmp(&b.at)));
    lines.truncate(most);
    lines
}

/// One event of several.
pub(super) fn line(event: &Event, public_url: &str) -> EventLine {
    let p = &event.payload;
    let asset = text(p, "/asset/name");
    let title = text(p, "/finding/title").or_else(|| subject(event)).or_else(|| asset.clone());
    let url =
        text(p, "/finding/url").or_else(|| text(p, "/asset/id").map(|id| format!("{public_url}/app/assets/{id}")));
    EventLine {
        event: event.kind,
        at: event.at,
        severity: event.subjects.severity,
        title: title.unwrap_or_else(|| event.kind.as_str().to_owned()),
        place: place_of(p),
        asset,
        url: url.unwrap_or_else(|| format!("{public_url}/app/events")),
    }
}

/// What an event that is about no finding is about.
fn subject(event: &Event) -> Option<String> {
    let p = &event.payload;
    let product = || text(p, "/service/product").or_else(|| text(p, "/service/module"));
    text(p, "/source/message").or_else(|| text(p, "/source/name")).or_else(|| text(p, "/channel/name")).or_else(product)
}

fn finding(event: &Event, public_url: &str, footer: Footer) -> Letter {
    let p = &event.payload;
    let all = |pointer: &str| p.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let evidence = |e: &Value| EvidenceLine {
        source: text(e, "/source").unwrap_or_default(),
        observed_at: parsed(e, "/observedAt").unwrap_or(event.at),
        field: text(e, "/field").unwrap_or_default(),
        value: text(e, "/value").unwrap_or_default(),
    };
    let id = text(p, "/finding/id").unwrap_or_default();
    Letter::Finding(Box::new(FindingLetter {
        finding: id.clone(),
        organization: organization(event),
        event: event.kind,
        at: event.at,
        actor: actor(event),
        changes: event.changes.clone(),
        note: text(p, "/comment/text").or_else(|| text(p, "/finding/triage/note")),
        severity: event.subjects.severity.or_else(|| parsed(p, "/finding/severity")).unwrap_or(Severity::Info),
        confidence: event
            .subjects
            .confidence
            .or_else(|| parsed(p, "/finding/confidence"))
            .unwrap_or(Confidence::Inferred),
        title: text(p, "/finding/title").unwrap_or_else(|| id.clone()),
        place: place_of(p),
        asset: text(p, "/asset/name").unwrap_or_default(),
        owner: text(p, "/asset/owner"),
        risk_score: u8::try_from(number(p, "/finding/riskScore")).unwrap_or(100),
        reasons: all("/finding/riskFactors").iter().filter_map(|f| text(f, "/explanation")).collect(),
        evidence: all("/evidence").iter().map(evidence).collect(),
        remediation: text(p, "/finding/remediation").unwrap_or_default(),
        due_at: parsed(p, "/finding/dueAt"),
        url: text(p, "/finding/url").unwrap_or_else(|| format!("{public_url}/app/findings/{id}")),
        footer,
    }))
}

fn test(event: &Event, footer: Footer) -> Letter {
    Letter::Test(TestLetter { organization: organization(event), actor: actor(event), at: event.at, footer })
}

fn source(event: &Event, public_url: &str, footer: Footer) -> Letter {
    let p = &event.payload;
    let counted = |pointer: &str| p.pointer(pointer).and_then(Value::as_i64);
    Letter::Source(SourceLetter {
        organization: organization(event),
        event: event.kind,
        at: event.at,
        source: text(p, "/source/name").unwrap_or_default(),
        since: parsed(p, "/source/since"),
        message: text(p, "/source/message").unwrap_or_default(),
        affected_assets: counted("/source/affectedAssets").and_then(|n| u32::try_from(n).ok()),
        credits_left: counted("/source/creditsLeft"),
        resets_at: parsed(p, "/source/resetsAt"),
        url: format!("{public_url}/app/status"),
        footer,
    })
}

fn channel(event: &Event, public_url: &str, footer: Footer) -> Letter {
    let p = &event.payload;
    let failing_since = parsed(p, "/failingSince").unwrap_or(event.at);
    Letter::ChannelFailing(ChannelLetter {
        organization: organization(event),
        channel: text(p, "/channel/name").unwrap_or_default(),
        disabled: event.kind == EventType::ChannelDisabled,
        failing_since,
        last_error: text(p, "/lastError").unwrap_or_default(),
        undelivered: number(p, "/undelivered"),
        disabled_at: (event.kind == EventType::ChannelFailing)
            .then(|| failing_since.saturating_add(DISABLED_AFTER).ok())
            .flatten(),
        url: format!("{public_url}/app/channels/{}", text(p, "/channel/id").unwrap_or_default()),
        footer,
    })
}

/// The organization's name.
pub(super) fn organization(event: &Event) -> String {
    text(&event.payload, "/organization/name").unwrap_or_default()
}

/// Who did it, unless it was the program.
fn actor(event: &Event) -> Option<String> {
    (event.actor.kind != domain::actor::ActorKind::System).then(|| event.actor.name.clone())
}

fn place_of(p: &Value) -> Option<String> {
    let of = |pointer: &str| p.pointer(pointer).filter(|v| !v.is_null());
    let ip = of("/finding/ip").or_else(|| of("/ip")).or_else(|| of("/host/ip"));
    let port = of("/finding/port").or_else(|| of("/port"));
    place(ip.and_then(Value::as_str).map(str::to_owned), port.and_then(Value::as_u64))
}

/// `host:port`, or as much of it as there is.
pub(super) fn place(ip: Option<String>, port: Option<u64>) -> Option<String> {
    match (ip, port) {
        (Some(ip), Some(port)) if ip.contains(':') => Some(format!("[{ip}]:{port}")),
        (Some(ip), Some(port)) => Some(format!("{ip}:{port}")),
        (Some(ip), None) => Some(ip),
        (None, Some(port)) => Some(format!("port {port}")),
        (None, None) => None,
    }
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn number(value: &Value, pointer: &str) -> u32 {
    value.pointer(pointer).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}

fn parsed<T: serde::de::DeserializeOwned>(value: &Value, pointer: &str) -> Option<T> {
    value.pointer(pointer).and_then(|v| T::deserialize(v).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_as_much_as_there_is() {
        let place = |ip: Option<&str>, port| place(ip.map(str::to_owned), port);
        assert_eq!(place(Some("203.0.113.7"), Some(80)).as_deref(), Some("203.0.113.7:80"));
        assert_eq!(place(Some("2001:db8::1"), Some(80)).as_deref(), Some("[2001:db8::1]:80"));
        assert_eq!(place(Some("203.0.113.7"), None).as_deref(), Some("203.0.113.7"));
        assert_eq!(place(None, None), None);
    }
}
