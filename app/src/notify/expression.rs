//! The CEL expression of a trigger, judged by the rules' guard over the parts of an event's payload. One that cannot
//! be judged keeps nothing back: it fails open and says so.

use domain::event::Event;
use domain::rule::{Expression, Facts, Verdict, Vocabulary};
use domain::trigger::Trigger;
use serde_json::{Value, json};

use crate::{UserError, UserErrorCode};

/// What an expression says of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// Send it.
    Yes,
    /// Do not.
    No,
    /// It could not be judged, for this reason: send it.
    Undecided(String),
}

/// Does the trigger's expression, if there is one, let the event through? Who was told of a finding is told of
/// its end whatever the expression says.
pub(super) fn expression_allows(trigger: &Trigger, event: &Event, told: bool) -> Allowed {
    let Some(text) = trigger.expression.as_ref().filter(|_| !told) else { return Allowed::Yes };
    let expression = match Expression::compile(text, &Vocabulary::TRIGGERS) {
        Ok(expression) => expression,
        Err(error) => return Allowed::Undecided(error.to_string()),
    };
    let (happened, finding) = (happened(event), finding(event));
    let mut facts = Facts::new().json("event", &happened);
    if let Some(finding) = &finding {
        facts = facts.json("finding", finding);
    }
    if let Some(asset) = event.payload.get("asset") {
        facts = facts.json("asset", asset);
    }
    match expression.evaluate(&facts) {
        Verdict::Match => Allowed::Yes,
        Verdict::NoMatch => Allowed::No,
        Verdict::Undecided(why) => Allowed::Undecided(why),
    }
}

/// May the expression be stored? It is refused with what is wrong, and where.
pub(super) fn check(expression: &str) -> Result<(), UserError> {
    let refused =
        |error: domain::rule::ExpressionError| UserError::of(UserErrorCode::Invalid, "trigger", error.to_string());
    Expression::compile(expression, &Vocabulary::TRIGGERS).map(|_| ()).map_err(refused)
}

/// `event`: what every payload has.
fn happened(event: &Event) -> Value {
    let of = |name: &str| event.payload.get(name).cloned().unwrap_or_default();
    json!({
        "type": event.kind.wire(), "action": of("action"), "at": event.at, "firstPoll": event.first_poll, "test": of("test"),
        "actor": of("actor"), "changes": of("changes"),
    })
}

/// `finding`: its part of the payload, with what stands beside it there.
fn finding(event: &Event) -> Option<Value> {
    let mut finding = event.payload.get("finding")?.as_object()?.clone();
    let vulnerabilities =
        event.payload.get("vulnerabilities").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let cves: Vec<Value> = vulnerabilities.iter().filter_map(|v| v.get("cve").cloned()).collect();
    let exploited = vulnerabilities.iter().any(|v| v.get("knownExploited").is_some_and(|k| !k.is_null()));
    finding.insert("rule".into(), event.payload.pointer("/rule/id").cloned().unwrap_or_default());
    finding.insert("cves".into(), Value::Array(cves));
    finding.insert("knownExploited".into(), Value::Bool(exploited));
    Some(Value::Object(finding))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        let payload = json!({
            "action": "open", "firstPoll": false, "test": false, "actor": {"kind": "SYSTEM", "id": null, "name": "iotmonitor"},
            "changes": [], "finding": {"id": "finding_1", "title": "Open MQTT", "severity": "HIGH", "riskScore": 70, "port": 1883},
            "rule": {"id": "rule_mqtt-open"}, "vulnerabilities": [{"cve": "CVE-2021-36260", "knownExploited": {"ransomware": false}}],
            "asset": {"name": "Pump", "tags": ["ot"], "criticality": "HIGH"},
        });
        let actor = domain::actor::Actor::system();
        serde_json::from_value(json!({
            "id": "event_000000000000001", "type": "FINDING_OPENED", "at": "2026-03-02T08:00:00Z", "actor": actor, "payload": payload,
        }))
        .unwrap()
    }

    fn allows(expression: &str, told: bool) -> Allowed {
        expression_allows(&Trigger { expression: Some(expression.into()), ..Trigger::default() }, &event(), told)
    }

    #[test]
    fn it_speaks_of_event_finding_and_asset_as_the_payload_does() {
        for yes in [
            "event.type == 'finding.opened'",
            "finding.riskScore >= 70 && 'ot' in asset.tags",
            "finding.rule == 'rule_mqtt-open'",
            "'CVE-2021-36260' in finding.cves && finding.knownExploited",
        ] {
            assert_eq!(allows(yes, false), Allowed::Yes, "{yes}");
        }
        assert_eq!(allows("finding.port == 80", false), Allowed::No);
        assert_eq!(allows("finding.port == 80", true), Allowed::Yes, "who was told of the start is told of the end");
    }

    #[test]
    fn what_cannot_be_judged_is_sent_and_what_is_wrong_is_not_stored() {
        assert!(matches!(allows("finding.porrt == 80", false), Allowed::Undecided(_)));
        assert!(check("finding.porrt == 80").is_err());
        assert!(check("").is_err());
        assert!(check(&"x".repeat(3_000)).is_err());
        assert!(check("finding.port == 80").is_ok());
    }
}
