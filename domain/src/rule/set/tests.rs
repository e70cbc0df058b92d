use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{MAX_VALUE, RuleSet, cut};
use crate::observation::Banner;
use crate::rule::{AssetFacts, Condition, HostFacts, Rule, RuleDefinition, RuleId, Verdict, vulnerability};

fn banner(changes: Value) -> Banner {
    let mut json = json!({"port": 443, "transport": "TCP", "observedAt": "2026-03-14T08:01:11Z", "hash": ""});
    let Value::Object(changes) = changes else { panic!("an object") };
    for (name, value) in changes {
        json[name] = value;
    }
    serde_json::from_value(json).unwrap()
}

fn rule(id: &str, expression: &str) -> Rule {
    let definition: RuleDefinition = serde_json::from_value(json!({
        "id": id, "name": "A rule", "version": 1, "category": "CHANGE", "severity": "LOW", "confidence": "INFERRED",
        "expression": expression,
    }))
    .unwrap();
    definition.compile().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn judged(rules: &RuleSet, banner: &Banner, now: &str) -> Vec<(String, Verdict)> {
    let judgements = rules.judge(banner, &HostFacts::default(), &AssetFacts::default(), at(now));
    judgements.into_iter().map(|j| (j.rule.id.to_string(), j.verdict)).collect()
}

#[test]
fn the_engines_rules_stand_in_the_listing_and_are_never_judged() {
    let rules = RuleSet::built_in();
    for id in [vulnerability::VERIFIED, vulnerability::INFERRED] {
        let rule = rules.find(id).unwrap();
        assert!(
            matches!(rule.condition, Condition::Engine(_)) && rule.expression().contains("service.vulnerabilities")
        );
    }
    let known = banner(json!({"vulnerabilities": {"CVE-2021-36260": {"verified": true}}}));
    assert_eq!(judged(rules, &known, "2026-06-01T00:00:00Z"), []);
}

#[test]
fn the_generation_changes_with_every_definition_and_with_nothing_else() {
    let one = RuleSet::new([rule("rule_a", "service.port == 1"), rule("rule_b", "service.port == 2")]);
    let same = RuleSet::new([rule("rule_b", "service.port == 2"), rule("rule_a", "service.port == 1")]);
    let other = RuleSet::new([rule("rule_a", "service.port == 1"), rule("rule_b", "service.port == 3")]);
    assert_eq!(one.generation, same.generation);
    assert_ne!(one.generation, other.generation);
    assert_eq!(one.generation.len(), 16);
}

#[test]
fn an_organization_adds_its_own_rules_and_disables_others() {
    let disabled = BTreeSet::from([RuleId::parse("rule_rdp-exposed").unwrap()]);
    let rules = RuleSet::for_organization([rule("rule_own", "service.module == 'rdp'")], &disabled);
    assert_eq!(rules.rules().len(), RuleSet::built_in().rules().len() + 1);
    assert!(!rules.find("rule_rdp-exposed").unwrap().enabled);
    assert!(RuleSet::built_in().find("rule_rdp-exposed").unwrap().enabled);
    assert_ne!(rules.generation, RuleSet::built_in().generation);
    let rdp = banner(json!({"port": 3389, "module": "rdp"}));
    assert_eq!(judged(&rules, &rdp, "2026-06-01T00:00:00Z"), [("rule_own".into(), Verdict::Match)]);
}

#[test]
fn what_a_rule_cannot_decide_is_told_and_does_not_stop_the_others() {
    let rules = RuleSet::new([rule("rule_a", "service.port.startsWith('4')"), rule("rule_b", "service.port == 443")]);
    let judged = judged(&rules, &banner(json!({})), "2026-06-01T00:00:00Z");
    assert!(matches!(&judged[0].1, Verdict::Undecided(why) if why.contains("startsWith")), "{judged:?}");
    assert_eq!(judged[1], ("rule_b".into(), Verdict::Match));
}

#[test]
fn a_block_cannot_pretend_to_be_a_field_of_ours() {
    let rules = RuleSet::new([rule("rule_a", "service.port == 443 && service.tags == []")]);
    let hostile = banner(json!({"blocks": {"port": {"x": 1}, "tags": {"ics": 1}, "banner": {}}}));
    assert_eq!(judged(&rules, &hostile, "2026-06-01T00:00:00Z"), [("rule_a".into(), Verdict::Match)]);
}

#[test]
fn evidence_is_cut_at_a_character_and_says_so() {
    assert_eq!(cut("é".repeat(256)), "é".repeat(256));
    let long = cut("é".repeat(257));
    assert!(long.len() <= MAX_VALUE && long.ends_with("é…"), "{}", long.len());
}

#[test]
fn time_wakes_only_rules_that_look_at_it() {
    let now = at("2026-06-01T00:00:00Z");
    let tls = banner(json!({"tls": {"notAfter": "2026-06-11T12:00:00Z"}}));
    let wake = |expression: &str| RuleSet::new([rule("rule_a", expression)]).wake(&tls, now);
    assert_eq!(wake("service.port == 1"), None);
    assert_eq!(wake("service.tls.expired"), Some(at("2026-06-11T12:00:01Z")));
    assert_eq!(wake("service.tls.expiresInDays < 7"), Some(at("2026-06-04T12:00:01Z")));
    assert_eq!(RuleSet::built_in().wake(&banner(json!({})), now), None);
}

proptest! {
    #[test]
    fn between_now_and_the_wake_no_verdict_changes(end in 0_i64..2_000_000, later in 0_i64..3_000_000) {
        let start = at("2026-06-01T00:00:00Z");
        let shift = |seconds: i64| start.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
        let tls = banner(json!({"tls": {"notAfter": shift(end).to_string(), "versions": ["TLSv1.2"]}}));
        let rules = RuleSet::built_in();
        let wake = rules.wake(&tls, start).unwrap();
        let then = shift(later);
        if then < wake {
            let verdicts = |now: Timestamp| judged(rules, &tls, &now.to_string());
            prop_assert_eq!(verdicts(start), verdicts(then));
        }
    }

    #[test]
    fn the_order_of_rules_is_of_no_account(ids in proptest::collection::vec("[a-z]{1,3}", 1..8)) {
        let make = |id: &String| rule(&format!("rule_{id}"), "service.port == 443");
        let forward = RuleSet::new(ids.iter().map(make));
        let backward = RuleSet::new(ids.iter().rev().map(make));
        let now = "2026-06-01T00:00:00Z";
        prop_assert_eq!(judged(&forward, &banner(json!({})), now), judged(&backward, &banner(json!({})), now));
        for id in &ids {
            let found = forward.find(&format!("rule_{id}")).is_some();
            prop_assert!(found);
        }
    }
}

/// The longest banner that a source hands on, in the words of a protocol that many rules look at.
#[test]
fn all_rules_together_take_a_fraction_of_a_millisecond() {
    let block: serde_json::Map<String, Value> =
        (0..300).map(|n| (format!("key{n}"), json!({"a": n, "b": "text"}))).collect();
    let large = banner(json!({
        "port": 23, "module": "telnet", "text": "x".repeat(4096), "tags": ["ics", "iot", "compromised", "eol-os"],
        "tls": {"notAfter": "2026-06-11T12:00:00Z", "versions": ["SSLv3", "TLSv1"]},
        "blocks": {"telnet": {"do": ["ECHO"]}, "mqtt": block},
    }));
    let rules = RuleSet::built_in();
    let time = || {
        let started = Instant::now();
        assert!(judged(rules, &large, "2026-06-01T00:00:00Z").len() >= 5);
        started.elapsed()
    };
    let best = (0..20).map(|_| time()).min().unwrap();
    let allowed = if cfg!(debug_assertions) { Duration::from_millis(2) } else { Duration::from_micros(100) };
    assert!(best < allowed, "{best:?}");
}

#[test]
fn the_rules_of_the_house_are_read_in_a_few_milliseconds() {
    let started = Instant::now();
    assert!(RuleSet::new(crate::rule::catalogue::rules()).rules().len() > 20);
    let allowed = if cfg!(debug_assertions) { Duration::from_millis(200) } else { Duration::from_millis(20) };
    assert!(started.elapsed() < allowed, "{:?}", started.elapsed());
}

#[test]
fn what_says_more_overrides_what_says_less_unless_it_is_undecided() {
    let general = rule("rule_general", "service.port == 443");
    let mut special = rule("rule_special", "service.mqtt.code == 0");
    special.overrides = vec![RuleId::parse("rule_general").unwrap()];
    let rules = RuleSet::new([general, special]);
    let now = "2026-06-01T00:00:00Z";
    let names = |changes| judged(&rules, &banner(changes), now);
    assert_eq!(names(json!({})), [("rule_general".into(), Verdict::Match)]);
    assert_eq!(names(json!({"blocks": {"mqtt": {"code": 0}}})), [("rule_special".into(), Verdict::Match)]);
    let held = names(json!({"blocks": {"mqtt": crate::observation::cut()}}));
    assert_eq!(held.len(), 2);
    assert_eq!(held[0], ("rule_general".into(), Verdict::Match));
    assert!(matches!(held[1].1, Verdict::Undecided(_)));
}

#[test]
fn what_was_cut_is_undecided_and_what_stands_beside_it_is_not() {
    let cut = crate::observation::cut();
    let whole = banner(json!({"blocks": {"mongodb": cut}}));
    let part =
        banner(json!({"blocks": {"mongodb": {"authentication": false, "listDatabases": cut, "list": ["a", cut]}}}));
    let verdict = |expression: &str, banner: &Banner| {
        let rules = RuleSet::new([rule("rule_a", expression)]);
        judged(&rules, banner, "2026-06-01T00:00:00Z").pop().map(|(_, verdict)| verdict)
    };
    for undecided in [
        "service.mongodb.authentication == false",
        "has(service.mongodb.authentication)",
        "!has(service.mongodb.authentication)",
        "service.mongodb.listDatabases.databases.exists(d, d.name == 'x')",
    ] {
        assert!(matches!(verdict(undecided, &whole), Some(Verdict::Undecided(_))), "{undecided}");
    }
    assert_eq!(verdict("has(service.mongodb)", &whole), Some(Verdict::Match));
    assert_eq!(verdict("service.mongodb.authentication == false", &part), Some(Verdict::Match));
    assert_eq!(verdict("service.mongodb.list.exists(i, i == 'a')", &part), Some(Verdict::Match));
    for undecided in ["service.mongodb.list.exists(i, i.contains('b'))", "has(service.mongodb.listDatabases.databases)"]
    {
        assert!(matches!(verdict(undecided, &part), Some(Verdict::Undecided(_))), "{undecided}");
    }
}
