//! A policy decides before anything leaves, once for each finding, and lets go when it ends.

use domain::actor::Actor;
use domain::cve::CveId;
use domain::decide::Stored;
use domain::event::{Action, EventType};
use domain::finding::{Finding, FindingState, Triage, TriageReason, Tripwire};
use domain::intelligence::{CveFacts, Intelligence, KevEntry};
use domain::observation::VulnerabilityClaim;
use domain::policy::{FindingMatch, TriagePolicy};
use domain::rule::RuleId;
use proptest::prelude::*;

use crate::world::{Known, any_banner, asset, banner, events, host, instant, judge_by, poll, poll_by, tidy};

fn policy(findings: FindingMatch) -> TriagePolicy {
    TriagePolicy {
        id: "policy_01J8ZQ4W3E9V6T5R2P1N0M8K7H".into(),
        name: "Lab".into(),
        findings,
        state: FindingState::Accepted,
        reason: TriageReason::AcceptableRisk,
        note: "A lab behind a gate.".into(),
        approved_by: None,
        created_by: Actor::system(),
        created_at: instant(0),
        until: instant(100),
        tripwires: vec![Tripwire::AddedToKev, Tripwire::BecameVerified],
        epss_above: None,
        ended_at: None,
        ended_by: None,
    }
}

fn by(policy: TriagePolicy) -> Known {
    Known { policies: vec![policy], ..Known::default() }
}

fn telnet() -> FindingMatch {
    FindingMatch { rule_id: RuleId::parse("rule_telnet-open"), ..FindingMatch::default() }
}

fn state(stored: &Stored) -> FindingState {
    stored.findings.values().next().unwrap().state
}

#[test]
fn what_matches_opens_accepted_and_asks_nobody_to_do_anything() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    let seen = [host("8.8.8.8", 0, vec![banner(23, "telnet", 0)])];
    let decided = poll_by(&by(policy(telnet())), &asset, &mut stored, &seen, 1);
    assert_eq!(events(&decided), [EventType::FindingOpened]);
    let step = &decided.findings[0];
    assert_eq!((step.after.state, step.after.revision), (FindingState::Accepted, 1));
    assert_eq!(step.after.triage.as_ref().and_then(Triage::policy_id), Some("policy_01J8ZQ4W3E9V6T5R2P1N0M8K7H"));
    assert_eq!(Action::of(EventType::FindingOpened, None, step.after.state), Action::None);
}

#[test]
fn a_new_policy_decides_about_what_is_there_and_its_end_lets_go() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    poll(&asset, &mut stored, &[host("8.8.8.8", 0, vec![banner(23, "telnet", 0)])], 0);
    let made = poll_by(&by(policy(telnet())), &asset, &mut stored, &[], 1);
    assert_eq!((events(&made), state(&stored)), (vec![EventType::FindingStateChanged], FindingState::Accepted));
    let ended = TriagePolicy { ended_at: Some(instant(2)), ..policy(telnet()) };
    let let_go = poll_by(&by(ended), &asset, &mut stored, &[], 2);
    assert_eq!((events(&let_go), state(&stored)), (vec![EventType::FindingStateChanged], FindingState::Open));
}

#[test]
fn its_own_end_lets_go_too_and_another_policy_may_take_over_at_once() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    poll_by(&by(policy(telnet())), &asset, &mut stored, &[host("8.8.8.8", 0, vec![banner(23, "telnet", 0)])], 1);
    let known = by(policy(telnet()));
    poll_by(&known, &asset, &mut stored, &[], 101);
    assert_eq!(state(&stored), FindingState::Open);
    let next = TriagePolicy { id: "policy_2".into(), until: instant(500), ..policy(telnet()) };
    let both = Known { policies: vec![policy(telnet()), next], ..Known::default() };
    poll_by(&both, &asset, &mut stored, &[], 102);
    assert_eq!(state(&stored), FindingState::Accepted);
}

#[test]
fn what_a_person_decided_stays_decided() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    let known = by(policy(telnet()));
    poll_by(&known, &asset, &mut stored, &[host("8.8.8.8", 0, vec![banner(23, "telnet", 0)])], 1);
    let reopened = |finding: &Finding| {
        let decision = Triage {
            id: "triage_1".into(),
            state: FindingState::Open,
            until: None,
            ..policy(telnet()).decision(instant(2))
        };
        domain::lifecycle::triage(finding, decision, instant(2)).unwrap().after
    };
    stored.findings.values_mut().for_each(|finding| *finding = reopened(finding));
    assert!(events(&poll_by(&known, &asset, &mut stored, &[], 3)).is_empty());
    assert_eq!(state(&stored), FindingState::Open);
}

#[test]
fn a_cve_that_cisa_lists_after_the_policy_was_made_is_nobodys_accepted_risk() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    let cve = CveId::parse("CVE-2021-36260").unwrap();
    let mut web = banner(80, "http", 0);
    web.product = Some("nginx".into());
    web.vulnerabilities.insert(cve.clone(), VulnerabilityClaim { cvss: Some(9.8), ..VulnerabilityClaim::default() });
    let everything = || policy(FindingMatch::default());
    poll_by(&by(everything()), &asset, &mut stored, &[host("8.8.8.8", 0, vec![web])], 1);
    assert_eq!(state(&stored), FindingState::Accepted);
    let kev =
        KevEntry { added_on: "2023-11-20".parse().unwrap(), due_on: "2023-12-11".parse().unwrap(), ransomware: false };
    let facts = CveFacts { kev: Some(kev), ..CveFacts::default() };
    let known = Known {
        intelligence: Intelligence { cves: [(cve.clone(), facts)].into() },
        policies: vec![everything()],
        ..Known::default()
    };
    poll_by(&known, &asset, &mut stored, &[], 10);
    let own = stored.findings.values().find(|f| f.cve.as_ref() == Some(&cve)).unwrap();
    assert_eq!(own.state, FindingState::Open);
    assert!(judge_by(&known, &asset, &stored, &[], 10).is_empty());
}

#[test]
fn a_filter_with_a_field_that_says_how_a_finding_stands_is_refused() {
    for bad in [r#"{"states": ["OPEN"]}"#, r#"{"overdue": true}"#, r#"{"severitys": []}"#] {
        assert!(serde_json::from_str::<FindingMatch>(bad).is_err(), "{bad}");
    }
    let good =
        r#"{"severities": ["LOW"], "assetTags": ["lab"], "ruleId": "rule_telnet-open", "within": ["8.8.8.0/24"]}"#;
    assert!(serde_json::from_str::<FindingMatch>(good).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn with_policies_too_the_same_once_more_changes_nothing(
        polls in proptest::collection::vec((proptest::collection::vec(any_banner(), 0..6), 0usize..4), 1..5)
    ) {
        let asset = asset("8.8.8.8");
        let mut stored = Stored::default();
        for (n, (banners, choice)) in polls.into_iter().enumerate() {
            let day = 40 + i64::try_from(n).unwrap();
            let made = match choice {
                0 => vec![],
                1 => vec![policy(telnet())],
                2 => vec![policy(FindingMatch::default())],
                _ => vec![TriagePolicy { ended_at: Some(instant(day)), ..policy(FindingMatch::default()) }],
            };
            let known = Known { policies: made, ..Known::default() };
            let hosts = [host("8.8.8.8", day, tidy(banners))];
            poll_by(&known, &asset, &mut stored, &hosts, day);
            let again = judge_by(&known, &asset, &stored, &hosts, day);
            prop_assert!(again.is_empty(), "{again:#?}");
        }
    }
}
