//! What always holds of a decision, with random observations.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod appearing;
mod folding;
mod intelligence;
mod policies;
mod replaying;
mod world;

use domain::cve::CveId;
use domain::decide::{Question, Settings, Stored, decide};
use domain::event::EventType;
use domain::finding::{FindingState, Resolution};
use domain::merge::Look;
use domain::observation::VulnerabilityClaim;
use domain::rule::RuleSet;
use domain::service::ServiceState;
use domain::target::Target;
use proptest::prelude::*;

use crate::world::{any_banner, asset, banner, events, host, instant, judge, poll, tidy};

#[test]
fn a_service_closes_after_two_crawls_that_miss_it_and_takes_its_findings_along() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    let telnet = || banner(23, "telnet", 0);
    let first = poll(&asset, &mut stored, &[host("8.8.8.8", 0, vec![telnet(), banner(80, "http", 0)])], 0);
    assert!(events(&first).contains(&EventType::FindingOpened));
    // The same crawl again, however often: it was not missed.
    for day in 1..5 {
        let again = poll(&asset, &mut stored, &[host("8.8.8.8", 0, vec![banner(80, "http", 0)])], day);
        assert!(events(&again).is_empty());
    }
    let once = poll(&asset, &mut stored, &[host("8.8.8.8", 6, vec![banner(80, "http", 6)])], 6);
    assert!(events(&once).is_empty());
    let twice = poll(&asset, &mut stored, &[host("8.8.8.8", 7, vec![banner(80, "http", 7)])], 7);
    assert_eq!(events(&twice), [EventType::FindingResolved]);
    assert_eq!(twice.findings[0].after.resolution, Some(Resolution::NotSeen));
    // Seen anew: the same finding comes back.
    let back =
        poll(&asset, &mut stored, &[host("8.8.8.8", 8, vec![banner(23, "telnet", 8), banner(80, "http", 8)])], 8);
    assert_eq!(events(&back), [EventType::FindingReopened]);
    assert_eq!(back.findings[0].after.reopen_count, 1);
    assert_eq!(back.findings[0].after.id, twice.findings[0].after.id);
}

#[test]
fn unknown_and_partial_answers_close_nothing() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    poll(&asset, &mut stored, &[host("8.8.8.8", 0, vec![banner(23, "telnet", 0)])], 0);
    for day in 1..20 {
        assert!(
            poll(&asset, &mut stored, &[], day).findings.iter().all(|f| f.event != Some(EventType::FindingResolved))
        );
        let partial = host("8.8.8.8", day, Vec::new());
        let looks = [Look { seen: &partial, whole: false, asked: &[] }];
        let settings = Settings::default();
        let question = Question {
            asset: &asset,
            stored: &stored,
            looks: &looks,
            rules: RuleSet::built_in(),
            settings: &settings,
            now: instant(day),
        };
        let decided = decide(&question);
        assert!(decided.services.iter().all(|s| s.after.state == ServiceState::Open));
    }
}

#[test]
fn inferred_cves_of_one_product_are_one_finding_and_a_verified_one_leaves_it() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    let with = |verified: bool, day: i64| {
        let mut web = banner(80, "http", day);
        web.product = Some("nginx".into());
        web.hash = format!("{verified}{day}");
        for (cve, score) in [("CVE-2021-23017", 7.7), ("CVE-2019-9511", 7.5), ("CVE-2018-16845", 6.1)] {
            let claim =
                VulnerabilityClaim { cvss: Some(score), verified: verified && score > 7.6, ..Default::default() };
            web.vulnerabilities.insert(CveId::parse(cve).unwrap(), claim);
        }
        host("8.8.8.8", day, vec![web])
    };
    let first = poll(&asset, &mut stored, &[with(false, 0)], 0);
    let folds: Vec<_> = first.findings.iter().filter(|f| f.after.vulnerabilities.len() == 3).collect();
    assert_eq!(folds.len(), 1);
    let fold = folds[0].after.id.clone();
    let second = poll(&asset, &mut stored, &[with(true, 1)], 1);
    let opened: Vec<_> = second.findings.iter().filter(|f| f.event == Some(EventType::FindingOpened)).collect();
    assert_eq!(opened.len(), 1);
    assert_eq!(opened[0].after.cve, CveId::parse("CVE-2021-23017"));
    let rest = stored.findings.values().find(|f| f.id == fold).unwrap();
    assert_eq!((rest.vulnerabilities.len(), rest.state), (2, FindingState::Open));
}

#[test]
fn a_device_that_moves_keeps_what_the_new_address_shows_and_loses_the_rest() {
    let mut asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    poll(&asset, &mut stored, &[host("8.8.8.8", 0, vec![banner(23, "telnet", 0), banner(502, "modbus", 0)])], 0);
    asset.target = Target::parse("8.8.4.4", &[]).unwrap();
    assert!(events(&poll(&asset, &mut stored, &[], 1)).is_empty());
    let moved = poll(&asset, &mut stored, &[host("8.8.4.4", 2, vec![banner(23, "telnet", 2)])], 2);
    let resolved: Vec<_> = moved.findings.iter().filter(|f| f.event == Some(EventType::FindingResolved)).collect();
    assert!(!resolved.is_empty());
    assert!(resolved.iter().all(|f| f.after.resolution == Some(Resolution::AssetMoved) && f.after.port == Some(502)));
    assert!(moved.findings.iter().all(|f| f.event != Some(EventType::FindingOpened)));
}

#[test]
fn what_a_person_resolved_comes_back_only_with_a_newer_observation() {
    let asset = asset("8.8.8.8");
    let mut stored = Stored::default();
    poll(&asset, &mut stored, &[host("8.8.8.8", 0, vec![banner(23, "telnet", 0)])], 0);
    for finding in stored.findings.values_mut() {
        let actor = domain::actor::Actor::system();
        *finding = domain::lifecycle::resolve(finding, Resolution::Manual, instant(3), actor).unwrap().after;
    }
    assert!(events(&poll(&asset, &mut stored, &[host("8.8.8.8", 2, vec![banner(23, "telnet", 2)])], 4)).is_empty());
    let newer = poll(&asset, &mut stored, &[host("8.8.8.8", 5, vec![banner(23, "telnet", 5)])], 5);
    assert!(events(&newer).contains(&EventType::FindingReopened));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_same_answer_at_the_same_instant_changes_nothing(
        polls in proptest::collection::vec((proptest::collection::vec(any_banner(), 0..6), 0i64..40), 1..5)
    ) {
        let asset = asset("8.8.8.8");
        let mut stored = Stored::default();
        let mut now = 40;
        for (banners, crawl) in polls {
            let hosts = [host("8.8.8.8", crawl, tidy(banners))];
            poll(&asset, &mut stored, &hosts, now);
            let again = judge(&asset, &stored, &hosts, now);
            prop_assert!(again.is_empty(), "{again:#?}");
            now += 3;
        }
    }

    #[test]
    fn the_order_of_banners_makes_no_difference(banners in proptest::collection::vec(any_banner(), 0..8), seed in any::<u64>()) {
        let asset = asset("8.8.8.8");
        let one = host("8.8.8.8", 20, banners.clone());
        let mut shuffled = banners;
        let len = shuffled.len().max(1) as u64;
        for (turn, i) in (0..).zip(0..shuffled.len()) {
            shuffled.swap(i, usize::try_from(seed.rotate_left(turn) % len).unwrap());
        }
        let other = host("8.8.8.8", 20, shuffled);
        let mut first = Stored::default();
        let mut second = Stored::default();
        poll(&asset, &mut first, &[one], 40);
        poll(&asset, &mut second, &[other], 40);
        prop_assert_eq!(first, second);
    }

    #[test]
    fn a_score_is_the_sum_of_its_factors_and_an_id_never_changes(
        polls in proptest::collection::vec(proptest::collection::vec(any_banner(), 0..6), 1..6)
    ) {
        let asset = asset("8.8.8.0/24");
        let mut stored = Stored::default();
        for (n, banners) in polls.into_iter().enumerate() {
            let day = 40 + i64::try_from(n).unwrap();
            let decided = poll(&asset, &mut stored, &[host("8.8.8.8", day, tidy(banners))], day);
            for step in decided.findings {
                let sum: u32 = step.after.risk_factors.iter().map(|f| u32::from(f.points)).sum();
                prop_assert_eq!(sum, u32::from(step.after.risk_score));
                if let Some(before) = step.before {
                    prop_assert_eq!(&before.id, &step.after.id);
                    let rises = u64::from(step.event.is_some());
                    prop_assert_eq!(before.revision + rises, step.after.revision);
                }
            }
        }
    }
}
