//! The parts of events.

use domain::finding::{FindingState, Resolution};
use domain::severity::Severity;
use serde_json::Value;

use crate::shape::{count, list, number, object, or_null, short, text, time, truth, word, words};

fn severity() -> Value {
    words(&Severity::ALL.map(Severity::as_str))
}

fn state() -> Value {
    words(&FindingState::ALL.map(FindingState::as_str))
}

fn resolution() -> Value {
    use Resolution::{AssetMoved, AssetRetired, Manual, NotSeen, Retracted, RuleChanged, SeenFixed};
    words(&[NotSeen, SeenFixed, Manual, AssetMoved, AssetRetired, RuleChanged, Retracted].map(Resolution::as_str))
}

fn transport() -> Value {
    words(&["TCP", "UDP"])
}

fn port() -> Value {
    serde_json::json!({"type": "integer", "minimum": 1, "maximum": 65_535})
}

fn actor() -> Value {
    object(vec![("kind", words(&["USER", "TOKEN", "SYSTEM"])), ("id", or_null(text())), ("name", text())])
}

/// What every event has.
pub(crate) fn frame() -> Vec<(&'static str, Value)> {
    let change = object(vec![("field", text()), ("before", or_null(text())), ("after", or_null(text()))]);
    vec![
        ("action", words(&["open", "update", "acknowledge", "close", "reopen", "none"])),
        ("sequence", text()),
        ("firstPoll", truth()),
        ("test", truth()),
        ("organization", object(vec![("id", text()), ("name", text())])),
        ("actor", actor()),
        ("changes", list(None, change)),
    ]
}

/// What every event about a finding has.
pub(crate) fn of_finding() -> Vec<(&'static str, Value)> {
    let group = object(vec![("by", word()), ("key", text()), ("openCount", count()), ("totalCount", count())]);
    let rule = object(vec![("id", text()), ("name", text()), ("version", count())]);
    let evidence = object(vec![
        ("source", word()),
        ("observedAt", time()),
        ("polledAt", time()),
        ("field", text()),
        ("value", short(512)),
    ]);
    vec![
        ("group", group),
        ("finding", finding()),
        ("rule", rule),
        ("vulnerabilityCount", count()),
        ("vulnerabilities", list(Some(20), vulnerability())),
        ("asset", asset()),
        ("service", or_null(service())),
        ("evidence", list(Some(3), evidence)),
    ]
}

fn finding() -> Value {
    let factor = object(vec![
        ("name", text()),
        ("value", text()),
        ("points", count()),
        ("explanation", text()),
        ("source", text()),
        ("asOf", time()),
    ]);
    object(vec![
        ("id", text()),
        ("revision", count()),
        ("url", text()),
        ("title", short(300)),
        ("category", word()),
        ("severity", severity()),
        ("confidence", words(&["INFERRED", "VERIFIED"])),
        ("state", state()),
        ("resolution", or_null(resolution())),
        ("stale", truth()),
        ("riskScore", number(0.0, 100.0)),
        ("riskFactors", list(Some(5), factor)),
        ("dueAt", or_null(time())),
        ("dueBasis", or_null(word())),
        ("overdue", truth()),
        ("forensicsRequired", truth()),
        ("openedAt", time()),
        ("firstObservedAt", time()),
        ("lastObservedAt", time()),
        ("resolvedAt", or_null(time())),
        ("reopenCount", count()),
        ("ip", or_null(text())),
        ("hostnames", list(Some(5), text())),
        ("port", or_null(port())),
        ("transport", or_null(transport())),
        ("remediation", short(2_000)),
        ("references", list(Some(5), short(500))),
        ("assignee", or_null(object(vec![("name", text()), ("email", or_null(text()))]))),
        ("tickets", list(None, object(vec![("system", text()), ("key", text()), ("url", or_null(text()))]))),
        ("triage", or_null(triage())),
    ])
}

fn triage() -> Value {
    object(vec![
        ("id", text()),
        ("policyId", or_null(text())),
        ("state", state()),
        ("reason", or_null(word())),
        ("note", or_null(short(1_000))),
        ("by", actor()),
        ("approvedBy", or_null(text())),
        ("until", or_null(time())),
    ])
}

/// What every event about a decision by people has.
pub(crate) fn of_triage() -> Vec<(&'static str, Value)> {
    vec![
        ("triage", triage()),
        ("endedBecause", or_null(word())),
        ("findingIds", list(Some(100), text())),
        ("findingCount", count()),
    ]
}

fn vulnerability() -> Value {
    let cvss = object(vec![("version", or_null(text())), ("score", number(0.0, 10.0)), ("vector", or_null(text()))]);
    let epss = object(vec![
        ("probability", number(0.0, 1.0)),
        ("percentile", or_null(number(0.0, 1.0))),
        ("date", or_null(text())),
    ]);
    let exploited = object(vec![("addedOn", or_null(text())), ("dueOn", or_null(text())), ("ransomware", truth())]);
    object(vec![
        ("cve", text()),
        ("cvss", or_null(cvss)),
        ("epss", or_null(epss)),
        ("knownExploited", or_null(exploited)),
        ("exploitKnown", truth()),
    ])
}

/// An asset.
pub(crate) fn asset() -> Value {
    object(vec![
        ("id", text()),
        ("externalId", or_null(text())),
        ("name", text()),
        ("kind", words(&["DEVICE", "DOMAIN", "NETWORK", "QUERY"])),
        ("target", text()),
        ("owner", or_null(text())),
        ("ownerEmail", or_null(text())),
        ("criticality", words(&["LOW", "MEDIUM", "HIGH", "CRITICAL"])),
        ("tags", list(None, text())),
        ("site", or_null(text())),
        ("vendor", or_null(text())),
        ("model", or_null(text())),
        ("firmware", or_null(text())),
        ("serialNumber", or_null(text())),
    ])
}

fn service() -> Value {
    object(vec![
        ("id", text()),
        ("module", or_null(text())),
        ("product", or_null(text())),
        ("version", or_null(text())),
        ("cpes", list(Some(10), text())),
        ("state", words(&["OPEN", "CLOSED"])),
    ])
}

/// What every event about a service has.
pub(crate) fn of_service() -> Vec<(&'static str, Value)> {
    vec![
        ("asset", asset()),
        ("service", service()),
        ("ip", text()),
        ("port", port()),
        ("transport", transport()),
        ("hostnames", list(Some(5), text())),
        ("banner", or_null(short(512))),
        ("openFindingIds", list(Some(50), text())),
    ]
}

/// What the appearance of a host has.
pub(crate) fn of_host() -> Vec<(&'static str, Value)> {
    let host = object(vec![
        ("ip", text()),
        ("hostnames", list(Some(5), text())),
        ("ports", list(Some(100), port())),
        ("asn", or_null(text())),
    ]);
    vec![("asset", asset()), ("host", host)]
}

/// What every event about an asset has.
pub(crate) fn of_asset() -> Vec<(&'static str, Value)> {
    let monitoring =
        object(vec![("status", word()), ("lastError", or_null(text())), ("lastPolledAt", or_null(time()))]);
    vec![("asset", asset()), ("monitoring", monitoring)]
}

/// What a first poll found.
pub(crate) fn summary() -> Value {
    let counts = ["critical", "high", "medium", "low", "info"].map(|name| (name, count())).to_vec();
    let finding = object(vec![
        ("id", text()),
        ("title", text()),
        ("severity", severity()),
        ("riskScore", number(0.0, 100.0)),
        ("ip", or_null(text())),
        ("port", or_null(port())),
        ("transport", or_null(transport())),
    ]);
    object(vec![
        ("counts", object(counts)),
        ("findings", count()),
        ("services", count()),
        ("hosts", count()),
        ("worst", list(Some(10), finding)),
        ("eventsAfter", text()),
    ])
}

/// A source and what is wrong with it.
pub(crate) fn source() -> Value {
    object(vec![
        ("name", text()),
        ("since", or_null(time())),
        ("message", or_null(text())),
        ("affectedAssets", or_null(count())),
        ("creditsLeft", or_null(count())),
        ("resetsAt", or_null(time())),
    ])
}

/// A channel.
pub(crate) fn channel() -> Value {
    let status = words(&["HEALTHY", "UNCONFIRMED", "FAILING", "DISABLED"]);
    object(vec![("id", text()), ("name", text()), ("status", status)])
}

/// What every event about a channel's receiver has.
pub(crate) fn of_channel() -> Vec<(&'static str, Value)> {
    vec![
        ("channel", channel()),
        ("lastError", or_null(text())),
        ("failingSince", or_null(time())),
        ("undelivered", count()),
    ]
}
