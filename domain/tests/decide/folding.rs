//! What was only concluded from versions is one finding a product, and what is proven or exploited leaves it.

use std::collections::BTreeSet;

use domain::cve::CveId;
use domain::decide::Stored;
use domain::event::EventType;
use domain::finding::FindingState;
use domain::intelligence::{CveFacts, Cvss, Intelligence, KevEntry};
use domain::observation::{HostObservation, VulnerabilityClaim};
use domain::severity::{Confidence, Severity};
use proptest::prelude::*;

use crate::world::{Known, asset, banner, events, host, judge_by, poll, poll_by};

fn cve(n: usize) -> CveId {
    CveId::parse(&format!("CVE-2021-1{n:04}")).unwrap()
}

fn web(claims: &[(usize, bool, bool)]) -> HostObservation {
    let mut web = banner(80, "http", 0);
    web.product = Some("nginx".into());
    for (n, verified, known_exploited) in claims {
        let claim = VulnerabilityClaim {
            verified: *verified,
            known_exploited: *known_exploited,
            cvss: Some(7.5),
            ..VulnerabilityClaim::default()
        };
        web.vulnerabilities.insert(cve(*n), claim);
    }
    web.hash = format!("{claims:?}");
    host("8.8.8.8", 0, vec![web])
}

fn listing(cves: &[CveId]) -> Known {
    let kev =
        KevEntry { added_on: "2023-11-01".parse().unwrap(), due_on: "2023-12-01".parse().unwrap(), ransomware: true };
    let facts = CveFacts { kev: Some(kev), ..CveFacts::default() };
    Known {
        intelligence: Intelligence { cves: cves.iter().map(|c| (c.clone(), facts.clone())).collect() },
        ..Known::default()
    }
}

#[test]
fn a_cve_that_cisa_lists_leaves_the_fold_as_its_own_finding_and_comes_back_when_it_is_struck_off() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    let seen = [web(&[(1, false, false), (2, false, false), (3, false, false)])];
    poll(&asset, &mut stored, &seen, 0);
    assert_eq!(stored.findings.len(), 1);
    let fold = stored.findings.values().next().unwrap().id.clone();
    let decided = poll_by(&listing(&[cve(2)]), &asset, &mut stored, &[], 1);
    assert_eq!(events(&decided), [EventType::FindingOpened]);
    let own = stored.findings.values().find(|f| f.cve == Some(cve(2))).unwrap();
    assert_eq!((own.state, own.confidence, own.forensics_required), (FindingState::Open, Confidence::Inferred, false));
    assert_eq!(stored.findings.values().find(|f| f.id == fold).unwrap().vulnerabilities.len(), 2);
    let back = poll(&asset, &mut stored, &[], 2);
    assert_eq!(events(&back), [EventType::FindingResolved]);
    assert_eq!(stored.findings.values().find(|f| f.id == fold).unwrap().vulnerabilities.len(), 3);
}

/// As InternetDB tells of them: nothing but their names.
fn named(claims: &[(usize, bool)]) -> HostObservation {
    let mut web = web(&claims.iter().map(|(n, verified)| (*n, *verified, false)).collect::<Vec<_>>());
    for claim in web.banners[0].vulnerabilities.values_mut() {
        claim.cvss = None;
    }
    web
}

#[test]
fn what_was_only_inferred_waits_for_facts_that_are_on_their_way_and_opens_once_by_them() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    let seen = [named(&[(1, false), (2, false), (3, true), (4, false)])];
    let mut known = Known { answered: Some(BTreeSet::new()), ..listing(&[cve(4)]) };
    let first = poll_by(&known, &asset, &mut stored, &seen, 1);
    assert!(first.awaits_facts);
    let open: BTreeSet<_> = stored.findings.values().filter_map(|f| f.cve.clone()).collect();
    assert_eq!(open, [cve(3), cve(4)].into(), "what was tested or is exploited waits for nothing");
    assert_eq!(stored.findings.len(), 2);

    let answers = |known: &mut Known, n, score| {
        let cvss = Some(Cvss { version: "3.1".into(), score, as_of: None });
        known.intelligence.cves.insert(cve(n), CveFacts { cvss, ..CveFacts::default() });
        known.answered.as_mut().unwrap().insert(cve(n));
    };
    answers(&mut known, 1, 5.0);
    assert!(poll_by(&known, &asset, &mut stored, &[], 2).awaits_facts, "one of two is not all");
    answers(&mut known, 2, 9.8);
    let then = poll_by(&known, &asset, &mut stored, &[], 3);
    assert_eq!((events(&then), then.awaits_facts), (vec![EventType::FindingOpened], false));
    assert_eq!(then.findings[0].after.severity, Severity::Critical);
    assert!(judge_by(&known, &asset, &stored, &[], 3).is_empty());
}

#[test]
fn without_anybody_to_ask_what_was_inferred_opens_by_what_is_known() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    let decided = poll(&asset, &mut stored, &[named(&[(1, false)])], 1);
    assert_eq!((decided.findings[0].after.severity, decided.awaits_facts), (Severity::Medium, false));
    let again = Known { answered: Some([cve(1)].into()), ..Known::default() };
    poll_by(&again, &asset, &mut stored, &[named(&[(1, false), (2, false)])], 2);
    let fold = stored.findings.values().next().unwrap();
    assert_eq!((fold.state, fold.vulnerabilities.len()), (FindingState::Open, 1), "what stands neither goes nor grows");
}

#[test]
fn what_cannot_be_believed_is_held_back_with_the_reason_and_what_was_tested_is_not() {
    let asset = asset("8.8.8.0/24");
    let seen = || web(&[(1, false, false), (2, true, false)]);
    let mut tagged = seen();
    tagged.tags = vec!["honeypot".into()];
    let mut crowded = seen();
    crowded.ports = (1..=101).collect();
    let mut cdn = seen();
    cdn.tags = vec!["cdn".into()];
    for (odd, why) in [(tagged, "honeypot"), (crowded, "more than 100 ports"), (cdn, "content delivery network")] {
        let mut stored = Stored::default();
        poll(&asset, &mut stored, &[odd], 0);
        let of = |confidence| stored.findings.values().find(|f| f.confidence == confidence).unwrap();
        let held = of(Confidence::Inferred);
        assert_eq!((held.severity, held.due_at), (Severity::Info, None));
        assert!(held.remediation.contains(why), "{}", held.remediation);
        assert_eq!(of(Confidence::Verified).severity, Severity::High);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_cve_is_in_exactly_one_finding_whatever_happened_before(
        polls in proptest::collection::vec(
            (proptest::collection::btree_map(0usize..6, (any::<bool>(), any::<bool>()), 0..6), proptest::collection::vec(0usize..6, 0..3)),
            1..6,
        )
    ) {
        let asset = asset("8.8.8.8");
        let mut stored = Stored::default();
        for (n, (claims, listed)) in polls.into_iter().enumerate() {
            let day = i64::try_from(n).unwrap();
            let claims: Vec<_> = claims.into_iter().map(|(n, (verified, known))| (n, verified, known)).collect();
            let mut seen = web(&claims);
            seen.observed_at = Some(crate::world::instant(day));
            seen.banners[0].observed_at = crate::world::instant(day);
            let listed: Vec<CveId> = listed.into_iter().map(cve).collect();
            let known = listing(&listed);
            poll_by(&known, &asset, &mut stored, std::slice::from_ref(&seen), day);
            prop_assert!(judge_by(&known, &asset, &stored, &[seen], day).is_empty());
            let active: Vec<_> = stored.findings.values().filter(|f| f.state == FindingState::Open).collect();
            let named: Vec<CveId> = active.iter().flat_map(|f| f.vulnerabilities.iter().map(|v| v.cve.clone())).collect();
            let told: BTreeSet<CveId> = claims.iter().map(|(n, ..)| cve(*n)).collect();
            prop_assert_eq!(named.len(), told.len());
            prop_assert_eq!(named.into_iter().collect::<BTreeSet<_>>(), told);
            for finding in active.iter().filter(|f| f.cve.is_none()) {
                prop_assert!(finding.vulnerabilities.iter().all(|v| !v.claim.verified && !v.claim.known_exploited));
            }
        }
    }
}
