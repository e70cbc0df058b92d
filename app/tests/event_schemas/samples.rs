//! Events to be validated: the emptiest and the fullest of each type.

use domain::actor::Actor;
use domain::asset::Asset;
use domain::event::{Action, Change, Draft, EventType, Subjects};
use domain::finding::{Comment, Finding};
use domain::host::Host;
use domain::payload::{self, Group};
use domain::service::Service;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::document::Subject;

/// When the samples happen: 2026-03-02T08:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_772_438_400, 0);
const ULID: &str = "01J8ZQ4W3E9V6T5R2P1N0M8K7H";

/// Drafts of this type.
pub(crate) fn of(kind: EventType) -> Vec<Draft> {
    [false, true].into_iter().map(|full| draft(kind, parts(kind, full), full)).collect()
}

fn draft(kind: EventType, parts: Vec<(&'static str, Value)>, full: bool) -> Draft {
    let change = Change { field: "severity".into(), before: None, after: Some("HIGH".into()) };
    Draft {
        kind,
        subjects: Subjects::default(),
        actor: Actor { id: full.then(|| format!("user_{ULID}")), ..Actor::system() },
        changes: if full { vec![change] } else { Vec::new() },
        first_poll: full,
        action: Action::None,
        parts,
    }
}

fn parts(kind: EventType, full: bool) -> Vec<(&'static str, Value)> {
    let (asset, host, service) = (asset(full), host(full), service(full));
    let mut parts = match Subject::of(kind) {
        Subject::Finding => {
            let service = full.then_some(&service);
            payload::finding_parts(
                &finding(full),
                &asset,
                service,
                full.then_some(&host),
                Group { open: 1, total: 2 },
                NOW,
            )
        }
        Subject::Triage => {
            let ids = vec![finding(full).id; if full { 120 } else { 1 }];
            let decided = finding(true).triage.unwrap();
            payload::triage_parts(&decided, full.then_some("ADDED_TO_KEV"), &ids)
        }
        Subject::Service => {
            let findings: Vec<String> = (0..if full { 60 } else { 0 }).map(|n| format!("finding_{n}")).collect();
            payload::service_parts(&service, &asset, full.then_some(&host), &findings)
        }
        Subject::Host => payload::host_parts(&host, &asset),
        Subject::Asset => {
            let polled = full.then_some(NOW);
            vec![
                ("asset", payload::asset_part(&asset)),
                (
                    "monitoring",
                    json!({"status": "FAILING", "lastError": full.then_some("no answer"), "lastPolledAt": polled}),
                ),
            ]
        }
        Subject::Source => {
            let (since, message, left) = (full.then_some(NOW), full.then_some("no credits"), full.then_some(5));
            vec![(
                "source",
                json!({"name": "shodan", "since": since, "message": message, "affectedAssets": left, "creditsLeft": left, "resetsAt": since}),
            )]
        }
        Subject::Channel => vec![
            ("channel", channel()),
            ("lastError", json!(full.then_some("410"))),
            ("failingSince", json!(full.then_some(NOW))),
            ("undelivered", json!(1)),
        ],
        Subject::Test => vec![("channel", channel())],
    };
    match kind {
        EventType::FindingCommented => {
            let comment =
                Comment { id: "comment_1".into(), author: Actor::system(), at: NOW, text: "x".repeat(10_000) };
            parts.push(("comment", payload::comment_part(&comment)));
        }
        EventType::AssetFirstPolled => parts.push(("summary", summary(full))),
        _ => {}
    }
    parts
}

fn channel() -> Value {
    json!({"id": format!("channel_{ULID}"), "name": "SIEM", "status": "HEALTHY"})
}

fn summary(full: bool) -> Value {
    let worst = json!({"id": "finding_1", "title": "Open MQTT", "severity": "HIGH", "riskScore": 70, "ip": "203.0.113.7", "port": 1883, "transport": "TCP"});
    json!({
        "counts": {"critical": 0, "high": 1, "medium": 0, "low": 0, "info": 0}, "findings": 1, "services": 3, "hosts": 1,
        "worst": if full { vec![worst; 10] } else { Vec::new() }, "eventsAfter": "event_000000000000000",
    })
}

fn asset(full: bool) -> Asset {
    let mut value = json!({
        "id": format!("asset_00{ULID}"), "name": "Pump", "target": {"address": "198.51.100.7"}, "criticality": "HIGH",
        "enabled": true, "group": 0, "createdAt": NOW, "updatedAt": NOW,
    });
    if full {
        value["device"] =
            json!({"vendor": "Acme", "model": "P1", "firmware": "1.2", "site": "Graz", "serialNumber": "7"});
        value["tags"] = json!(["ot", "site:graz"]);
        value["owner"] = json!("Ada");
        value["ownerEmail"] = json!("ada@plant.example");
        value["externalId"] = json!("CMDB-7");
    }
    serde_json::from_value(value).unwrap()
}

fn host(full: bool) -> Host {
    let mut value = json!({
        "ip": "198.51.100.7", "source": "SHODAN_HOST", "lastObservedAt": NOW, "observedAtExact": true, "polledAt": NOW,
    });
    if full {
        value["hostnames"] = json!(["a.example", "b.example", "c.example", "d.example", "e.example", "f.example"]);
        value["ports"] = json!((1..=200).collect::<Vec<u16>>());
        value["asn"] = json!("AS64500");
    }
    serde_json::from_value(value).unwrap()
}

fn service(full: bool) -> Service {
    let id = format!("service_00{ULID}c6336407-1883t");
    let mut value = json!({
        "id": id, "state": "OPEN", "source": "SHODAN_HOST", "firstObservedAt": NOW, "lastObservedAt": NOW,
        "observedAtExact": true, "polledAt": NOW, "misses": 0,
    });
    if full {
        value["banner"] = json!({
            "port": 1883, "transport": "TCP", "observedAt": NOW, "module": "mqtt", "product": "Mosquitto", "version": "2.0",
            "cpes": vec!["cpe:2.3:a:eclipse:mosquitto:2.0:*:*:*:*:*:*:*"; 20], "text": "ä".repeat(2_000), "hash": "0123456789abcdef",
        });
    }
    serde_json::from_value(value).unwrap()
}

fn finding(full: bool) -> Finding {
    let mut value = json!({
        "id": format!("finding_00{ULID}0123456789abcdef"), "asset": format!("asset_00{ULID}"), "rule": "rule_cve-verified", "family": "cve",
        "ruleName": "Verified CVE", "ruleVersion": 1, "title": "CVE-2021-36260", "category": "VULNERABILITY", "severity": "CRITICAL",
        "confidence": "VERIFIED", "state": "OPEN", "riskScore": 98, "riskFactors": [], "evidence": [], "remediation": "Update.",
        "openedAt": NOW, "firstObservedAt": NOW, "lastObservedAt": NOW, "updatedAt": NOW, "reopenCount": 0, "revision": 1,
        "ip": "198.51.100.7",
    });
    if full {
        let factor = json!({"name": "severity", "value": "9.8", "points": 40, "explanation": "CVSS 9.8", "source": "NVD", "asOf": NOW});
        let claim = json!({"cve": "CVE-2021-36260", "verified": true, "cvss": 9.8, "cvssVersion": "3.1", "epss": 0.94, "epssPercentile": 0.99, "knownExploited": true, "ransomware": false});
        let evidence = json!({"source": "SHODAN_HOST", "observedAt": NOW, "observedAtExact": true, "polledAt": NOW, "field": "vulns", "value": "ä".repeat(400)});
        let by = json!({"kind": "USER", "id": format!("user_{ULID}"), "name": "Ada", "email": "ada@plant.example"});
        value["title"] = json!("x".repeat(1_000));
        value["state"] = json!("ACCEPTED");
        value["resolution"] = json!("NOT_SEEN");
        value["riskFactors"] = json!(vec![factor; 8]);
        value["vulnerabilities"] = json!(vec![claim; 40]);
        value["evidence"] = json!(vec![evidence; 3]);
        value["remediation"] = json!("x".repeat(5_000));
        value["references"] = json!(vec!["https://a.example/".to_owned() + &"x".repeat(600); 9]);
        value["dueAt"] = json!(NOW);
        value["dueBasis"] = json!("BOD_26_04");
        value["resolvedAt"] = json!(NOW);
        value["port"] = json!(1883);
        value["transport"] = json!("TCP");
        value["assignee"] = by.clone();
        value["triage"] = json!({"id": "triage_1", "state": "ACCEPTED", "reason": "PLANNED_FIX", "note": "x".repeat(3_000), "by": by, "at": NOW, "until": NOW});
    }
    serde_json::from_value(value).unwrap()
}
