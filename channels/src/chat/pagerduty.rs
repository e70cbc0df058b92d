//! PagerDuty, Events API v2: incidents that are triggered, acknowledged and resolved by key.
//!
//! Limits (developer.pagerduty.com, Events API v2): `dedup_key` 255 characters, `summary` 1 024, a whole event 512 KB;
//! severity is one of four words. Texts are shown as they are. The routing key is a credential: it is put in when the
//! event is sent, and is in no body that is kept.

use app::ports::{ChannelLetter, EventLine, FindingLetter, Incident, Letter, SourceLetter};
use domain::event::{Action, EventType};
use domain::severity::Severity;
use serde_json::{Value, json};

use super::plain::{cut, plain_line};
use super::reading::{self, Verdict};
use crate::egress::Answer;
use crate::letters::{happened, line, what_and_where};

const MAX_KEY: usize = 255;
const MAX_SUMMARY: usize = 1024;
const MAX_DETAIL: usize = 2000;
const MAX_DETAILS: usize = 20;
const MAX_URL: usize = 2000;

/// The event without its routing key; `None` where there is nothing to trigger, acknowledge or resolve.
pub(super) fn body(letter: &Letter, incident: &Incident) -> Option<Value> {
    let said = said(letter)?;
    let action = match incident.action {
        Action::Open | Action::Reopen => "trigger",
        Action::Update if worsens(said.event) => "trigger",
        Action::Acknowledge => "acknowledge",
        Action::Close => "resolve",
        Action::Update | Action::None => return None,
    };
    let key = cut(&incident.key, MAX_KEY);
    if action != "trigger" {
        return Some(json!({"event_action": action, "dedup_key": key}));
    }
    let link = crate::letters::link(said.url).filter(|url| url.len() <= MAX_URL);
    let links: Vec<Value> = link.iter().map(|url| json!({"href": url, "text": "Open in iotmonitor"})).collect();
    Some(json!({
        "event_action": action,
        "dedup_key": key,
        "client": "iotmonitor",
        "client_url": link,
        "links": links,
        "payload": {
            "summary": text(&said.summary, MAX_SUMMARY),
            "source": text(&said.source, 255),
            "severity": severity(said.severity),
            "timestamp": said.at,
            "component": said.component.map(|component| text(component, 255)),
            "group": text(said.group, 255),
            "class": said.event.wire(),
            "custom_details": details(&said.details),
        },
    }))
}

/// An event with its routing key, as it is sent; `None` if the body is not one of ours.
pub(super) fn addressed(body: &str, routing_key: &str) -> Option<String> {
    let mut event: Value = serde_json::from_str(body).ok()?;
    event.as_object_mut()?.insert("routing_key".into(), json!(routing_key));
    Some(event.to_string())
}

/// What the answer means: 202, or a reason in JSON.
pub(super) fn verdict(answer: &Answer) -> Verdict {
    let errors = reading::json(answer)["errors"].to_string().to_lowercase();
    let key = errors.contains("routing_key") || errors.contains("routing key");
    if answer.status.as_u16() == 400 && key { Verdict::Gone } else { Verdict::of_status(answer) }
}

/// An open incident is triggered again when its finding becomes worse, lest somebody acknowledged something lesser.
const fn worsens(event: EventType) -> bool {
    matches!(
        event,
        EventType::FindingSeverityChanged
            | EventType::FindingAddedToKev
            | EventType::FindingOverdue
            | EventType::FindingStateChanged
            | EventType::TriageEnded
    )
}

struct Said<'a> {
    event: EventType,
    at: jiff::Timestamp,
    summary: String,
    source: String,
    severity: Severity,
    component: Option<&'a str>,
    group: &'a str,
    url: &'a str,
    details: Vec<(&'static str, String)>,
}

fn said(letter: &Letter) -> Option<Said<'_>> {
    match letter {
        Letter::Finding(letter) => Some(finding(letter)),
        Letter::Findings(letter) => match letter.lines.as_slice() {
            [line] if letter.total <= 1 => Some(event(line, &letter.organization)),
            _ => None,
        },
        Letter::Source(letter) => Some(source(letter)),
        Letter::ChannelFailing(letter) => Some(channel(letter)),
        Letter::Test(letter) => Some(Said {
            event: EventType::Test,
            at: letter.at,
            summary: "Test of iotmonitor: nothing is wrong".into(),
            source: "iotmonitor".into(),
            severity: Severity::Info,
            component: None,
            group: &letter.organization,
            url: &letter.footer.manage_url,
            details: letter.actor.iter().map(|actor| ("Sent by", actor.clone())).collect(),
        }),
        _ => None,
    }
}

fn finding(l: &FindingLetter) -> Said<'_> {
    let what = what_and_where(&l.title, l.place.as_deref(), Some(&l.asset));
    let mut details = vec![
        ("Severity", l.severity.as_str().to_owned()),
        ("Confidence", format!("{:?}", l.confidence).to_uppercase()),
        ("Risk", format!("{} of 100", l.risk_score)),
        ("Asset", l.asset.clone()),
    ];
    details.extend(l.place.iter().map(|place| ("Where", place.clone())));
    details.extend(l.owner.iter().map(|owner| ("Owner", owner.clone())));
    details.extend(l.due_at.iter().map(|due| ("Due", due.to_string())));
    details.extend([
        ("Why now", l.reasons.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(" ")),
        ("What to do", l.remediation.clone()),
    ]);
    details.extend(
        l.evidence
            .iter()
            .take(3)
            .map(|e| ("Evidence", format!("{}, {}, {}: {}", e.source, e.observed_at, e.field, e.value))),
    );
    Said {
        event: l.event,
        at: l.at,
        summary: format!("{} {}: {what}", l.severity.as_str(), happened(l.event)),
        source: l.place.clone().unwrap_or_else(|| l.asset.clone()),
        severity: l.severity,
        component: Some(&l.asset),
        group: &l.organization,
        url: &l.url,
        details,
    }
}

fn event<'a>(line: &'a EventLine, organization: &'a str) -> Said<'a> {
    let what = what_and_where(&line.title, line.place.as_deref(), line.asset.as_deref());
    Said {
        event: line.event,
        at: line.at,
        summary: format!("{}: {what}", happened(line.event)),
        source: line.place.clone().or_else(|| line.asset.clone()).unwrap_or_else(|| "iotmonitor".into()),
        severity: line.severity.unwrap_or(Severity::Medium),
        component: line.asset.as_deref(),
        group: organization,
        url: &line.url,
        details: Vec::new(),
    }
}

fn source(l: &SourceLetter) -> Said<'_> {
    let mut details = vec![("It says", l.message.clone())];
    details.extend(l.affected_assets.iter().map(|count| ("Affected assets", count.to_string())));
    details.extend(l.credits_left.iter().map(|left| ("Credits left", left.to_string())));
    Said {
        event: l.event,
        at: l.at,
        summary: format!("{}: {}", happened(l.event), l.source),
        source: l.source.clone(),
        severity: if l.event == EventType::CreditsLow { Severity::Medium } else { Severity::High },
        component: None,
        group: &l.organization,
        url: &l.url,
        details,
    }
}

fn channel(l: &ChannelLetter) -> Said<'_> {
    let event = if l.disabled { EventType::ChannelDisabled } else { EventType::ChannelFailing };
    Said {
        event,
        at: l.failing_since,
        summary: format!("{}: {}", happened(event), l.channel),
        source: l.channel.clone(),
        severity: Severity::High,
        component: None,
        group: &l.organization,
        url: &l.url,
        details: vec![("Last error", l.last_error.clone()), ("Not delivered", l.undelivered.to_string())],
    }
}

/// A label that comes more than once is counted.
fn details(details: &[(&'static str, String)]) -> Value {
    let mut object = serde_json::Map::new();
    for (label, value) in details.iter().take(MAX_DETAILS) {
        let number = object.keys().filter(|key| key.starts_with(label)).count() + 1;
        let label = if number == 1 { (*label).to_owned() } else { format!("{label} {number}") };
        object.insert(label, json!(text(value, MAX_DETAIL)));
    }
    Value::Object(object)
}

/// What strangers wrote, as one line and without links. A field must not be empty.
fn text(text: &str, max: usize) -> String {
    let text = plain_line(&line(text, max), max);
    if text.is_empty() { "–".into() } else { text }
}

/// PagerDuty's four words.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "error",
        Severity::Medium | Severity::Low => "warning",
        Severity::Info => "info",
    }
}
