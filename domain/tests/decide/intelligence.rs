//! Intelligence changes what is stored without an answer of Shodan's.

use domain::cve::CveId;
use domain::decide::{Question, Settings, Stored, decide};
use domain::due::DueBasis;
use domain::event::EventType;
use domain::finding::{Finding, FindingState, Triage, Tripwire};
use domain::intelligence::{CveFacts, Epss, Exploit, Intelligence, KevEntry, SsvcRecord};
use domain::observation::{HostObservation, VulnerabilityClaim};
use domain::rule::RuleSet;
use domain::severity::{Confidence, Severity};
use domain::ssvc;
use jiff::{SignedDuration, Timestamp};

use crate::world::{Known, asset, banner, events, host, instant, judge_by, poll, poll_by};

fn cve() -> CveId {
    CveId::parse("CVE-2021-36260").unwrap()
}

fn knowing(facts: CveFacts) -> Known {
    Known { intelligence: Intelligence { cves: [(cve(), facts)].into() }, ..Known::default() }
}

fn listed(day: &str) -> CveFacts {
    let kev = KevEntry { added_on: day.parse().unwrap(), due_on: "2030-01-01".parse().unwrap(), ransomware: false };
    CveFacts { kev: Some(kev), ..CveFacts::default() }
}

/// A web server with one CVE, seen on day 0.
fn web(verified: bool, cvss: f64) -> HostObservation {
    let mut web = banner(8080, "http", 0);
    web.product = Some("App-webs".into());
    let claim = VulnerabilityClaim { verified, cvss: Some(cvss), ..VulnerabilityClaim::default() };
    web.vulnerabilities.insert(cve(), claim);
    web.hash = format!("{verified}{cvss}");
    host("8.8.8.8", 0, vec![web])
}

fn only(stored: &Stored) -> &Finding {
    let mut active = stored.findings.values().filter(|f| f.state != FindingState::Resolved);
    let one = active.next().unwrap();
    assert!(active.next().is_none());
    one
}

fn days(from: Timestamp, finding: &Finding) -> i64 {
    finding.due_at.unwrap().duration_since(from).as_hours() / 24
}

#[test]
fn an_entry_of_cisa_scores_a_stored_finding_anew_and_says_so() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    poll(&asset, &mut stored, &[web(true, 5.0)], 0);
    let before = only(&stored).clone();
    assert_eq!((before.severity, before.due_basis), (Severity::Medium, Some(DueBasis::Bod2604)));
    let known = knowing(listed("2023-12-01"));
    let decided = poll_by(&known, &asset, &mut stored, &[], 20);
    assert_eq!(events(&decided), [EventType::FindingAddedToKev]);
    let after = only(&stored);
    assert_eq!((after.severity, after.id.clone()), (Severity::High, before.id.clone()));
    assert!(after.risk_score > before.risk_score);
    assert_eq!(after.risk_score, after.risk_factors.iter().map(|f| f.points).sum::<u8>());
    let factor = after.risk_factors.iter().find(|f| f.name == "exploitation").unwrap();
    assert_eq!((factor.source.as_str(), factor.as_of), ("CISA KEV", "2023-12-01T00:00:00Z".parse().unwrap()));
    let fields: Vec<&str> = decided.findings[0].changes.iter().map(|c| c.field.as_str()).collect();
    assert!(fields.contains(&"severity") && fields.contains(&"riskScore") && fields.contains(&"dueAt"), "{fields:?}");
    assert!(judge_by(&known, &asset, &stored, &[], 20).is_empty(), "the same once more changes nothing");
}

#[test]
fn the_days_count_from_cisas_entry_or_the_opening_whichever_is_later() {
    let asset = asset("8.8.8.8");
    // Opened on 2023-11-14; partial impact, not automatable, known exploited: 14 days.
    for (day, from) in [
        ("2020-01-01", instant(0) + SignedDuration::from_hours(1)),
        ("2023-11-20", "2023-11-20T00:00:00Z".parse().unwrap()),
    ] {
        let mut stored = Stored::default();
        poll_by(&knowing(listed(day)), &asset, &mut stored, &[web(true, 5.0)], 0);
        assert_eq!(days(from, only(&stored)), 14, "{day}");
    }
}

#[test]
fn what_goes_to_and_fro_moves_no_date_away() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    let with = |probability| {
        knowing(CveFacts { epss: Some(Epss { probability, percentile: 0.5, date: None }), ..CveFacts::default() })
    };
    poll_by(&with(0.01), &asset, &mut stored, &[web(true, 5.0)], 0);
    let first = only(&stored).due_at.unwrap();
    for day in 1..80 {
        let probability = if day % 2 == 0 { 0.01 } else { 0.5 };
        poll_by(&with(probability), &asset, &mut stored, &[], day);
        assert!(only(&stored).due_at.unwrap() <= first, "day {day}");
    }
    assert!(only(&stored).overdue_told);
}

#[test]
fn cisas_own_judgement_counts_more_than_what_is_derived() {
    let asset = asset("8.8.8.8");
    let record = |automatable| SsvcRecord {
        exploitation: None,
        automatable: Some(automatable),
        total_impact: Some(true),
        decided_at: None,
    };
    let of = |automatable| {
        let mut stored = Stored::default();
        let known = knowing(CveFacts { ssvc: Some(record(automatable)), ..CveFacts::default() });
        poll_by(&known, &asset, &mut stored, &[web(true, 5.0)], 0);
        (days(instant(0), only(&stored)), only(&stored).ssvc)
    };
    assert_eq!(of(true), (3, Some(ssvc::Decision::Scheduled)));
    assert_eq!(of(false), (14, Some(ssvc::Decision::Scheduled)));
}

fn accepted(stored: &mut Stored, tripwires: &[Tripwire]) {
    for finding in stored.findings.values_mut() {
        finding.state = FindingState::Accepted;
        finding.triage = Some(Triage {
            id: "triage_1".into(),
            state: FindingState::Accepted,
            reason: None,
            note: None,
            by: domain::actor::Actor::system(),
            at: instant(1),
            until: Some(instant(300)),
            tripwires: tripwires.to_vec(),
            approved_by: None,
            epss_above: None,
        });
    }
}

fn because(decided: &domain::decide::Decisions) -> Vec<String> {
    let changes = decided.findings.iter().flat_map(|f| &f.changes);
    changes.filter(|c| c.field == "triage.endedBecause").filter_map(|c| c.after.clone()).collect()
}

#[test]
fn tripwires_end_an_acceptance() {
    let asset = asset("8.8.8.8");
    let exploit = Exploit { database: "Metasploit".into(), rank: Some("excellent".into()), date: None };
    let published = CveFacts { exploits: vec![exploit], ..CveFacts::default() };
    for (tripwire, facts, word) in [
        (Tripwire::AddedToKev, listed("2023-11-20"), "ADDED_TO_KEV"),
        (Tripwire::ExploitPublished, published, "EXPLOIT_PUBLISHED"),
    ] {
        let mut stored = Stored::default();
        poll(&asset, &mut stored, &[web(true, 5.0)], 0);
        accepted(&mut stored, &[tripwire]);
        let decided = poll_by(&knowing(facts), &asset, &mut stored, &[], 10);
        assert_eq!(because(&decided), [word]);
        assert_eq!(only(&stored).state, FindingState::Open);
    }
}

#[test]
fn what_was_inferred_and_exploited_and_is_now_verified_stays_itself_and_trips() {
    let asset = asset("8.8.8.8");
    let known = knowing(listed("2020-01-01"));
    let mut stored = Stored::default();
    poll_by(&known, &asset, &mut stored, &[web(false, 9.8)], 0);
    accepted(&mut stored, &[Tripwire::BecameVerified]);
    let id = only(&stored).id.clone();
    let mut later = web(true, 9.8);
    later.observed_at = Some(instant(5));
    later.banners[0].observed_at = instant(5);
    let decided = poll_by(&known, &asset, &mut stored, &[later], 5);
    assert_eq!(because(&decided), ["BECAME_VERIFIED"]);
    assert_eq!((only(&stored).id.clone(), only(&stored).confidence), (id, Confidence::Verified));
    assert!(only(&stored).forensics_required);
}

#[test]
fn other_days_of_the_organization_count_from_the_opening_and_not_from_now() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    poll(&asset, &mut stored, &[host("8.8.8.8", 0, vec![banner(23, "telnet", 0)])], 0);
    let opened = only(&stored).opened_at;
    assert_eq!((days(opened, only(&stored)), only(&stored).due_basis), (90, Some(DueBasis::Sla)));
    let sla = domain::due::Sla { medium: Some(10), ..domain::due::Sla::default() };
    let settings = Settings { sla, ..Settings::default() };
    let rules = RuleSet::built_in();
    let question = Question { asset: &asset, stored: &stored, looks: &[], rules, settings: &settings, now: instant(4) };
    let decided = decide(&question);
    assert_eq!(events(&decided), [EventType::FindingUpdated]);
    assert_eq!(days(opened, &decided.findings[0].after), 10);
}

#[test]
fn a_webhook_tells_since_when_and_by_whose_word() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    let epss = Epss { probability: 0.94, percentile: 0.99, date: Some("2023-11-13".parse().unwrap()) };
    poll_by(&knowing(CveFacts { epss: Some(epss), ..listed("2022-01-10") }), &asset, &mut stored, &[web(true, 9.8)], 0);
    let parts = domain::payload::finding_parts(
        only(&stored),
        &asset,
        None,
        None,
        domain::payload::Group::default(),
        instant(0),
    );
    let named = &parts.iter().find(|(name, _)| *name == "vulnerabilities").unwrap().1[0];
    assert_eq!(named["knownExploited"]["addedOn"], "2022-01-10");
    assert_eq!(named["epss"]["date"], "2023-11-13");
    assert_eq!(named["exploitKnown"], true);
    let named = domain::intelligence::asked_about(&stored.known, RuleSet::built_in());
    assert!(named.contains(&cve()));
}
