//! Every list shows each finding that matches once, both ways, and counts what it shows.

use app::directory::{Counts, Direction, Order};
use app::findings::FindingFilter;
use domain::asset::Asset;
use domain::finding::{Finding, FindingState, Resolution};
use domain::observation::VulnerabilityClaim;
use domain::rule::{Category, RuleId};
use domain::severity::{Confidence, Severity};
use domain::ssvc::Decision;
use jiff::{SignedDuration, Timestamp};

use super::plant::{CRITICALITIES, Lot, Plant, drawn, finding};

fn some<T>(lot: &mut Lot, n: usize, value: impl FnOnce(&mut Lot) -> T) -> Option<T> {
    lot.one_in(n).then(|| value(lot))
}

/// A filter by lot; its instants are often those of a finding.
fn filter(lot: &mut Lot, assets: &[Asset], findings: &[Finding]) -> FindingFilter {
    const N: usize = 12;
    let instant = |lot: &mut Lot| {
        let f = &findings[lot.next(findings.len())];
        [f.opened_at, f.updated_at, f.first_observed_at, f.due_at.unwrap_or(f.opened_at)][lot.next(4)]
    };
    let word = |lot: &mut Lot, words: [&str; 2]| vec![words[lot.next(2)].to_owned()];
    FindingFilter {
        text: some(lot, N, |l| format!("iNDING {}", l.next(4))),
        severities: some(lot, N, |l| vec![Severity::ALL[l.next(5)], Severity::ALL[l.next(5)]]),
        states: some(lot, N, |l| vec![FindingState::ALL[l.next(5)], FindingState::ALL[l.next(5)]]),
        categories: some(lot, N, |l| vec![Category::ALL[l.next(4)]]),
        confidence: some(lot, N, |_| vec![Confidence::Inferred]),
        asset_ids: some(lot, N, |l| vec![assets[l.next(assets.len())].id.clone()]),
        asset_tags: some(lot, N, |l| word(l, ["cameras", "plc"])),
        owners: some(lot, N, |l| word(l, ["Ada", "Grace"])),
        sites: some(lot, N, |l| word(l, ["Rome", "Turin"])),
        asset_criticality: some(lot, N, |l| vec![CRITICALITIES[l.next(4)]]),
        ip: some(lot, N, |l| format!("192.0.2.{}", l.next(8)).parse().unwrap()),
        within: some(lot, N, |_| vec!["192.0.2.4/30".parse().unwrap()]),
        ports: some(lot, N, |l| vec![[23, 80, 502][l.next(3)]]),
        cve: some(lot, N, Lot::cve),
        cves: some(lot, N, |l| vec![l.cve(), l.cve()]),
        rule: some(lot, N, |l| RuleId::parse(["rule_modbus", "rule_own"][l.next(2)]).unwrap()),
        known_exploited: some(lot, N, |l| l.one_in(2)),
        ransomware: some(lot, N, |l| l.one_in(2)),
        ssvc: some(lot, N, |l| vec![[Decision::Scheduled, Decision::Immediate][l.next(2)]]),
        min_epss: some(lot, N, |_| 0.1),
        min_cvss: some(lot, N, |_| 7.5),
        min_risk_score: some(lot, N, |_| 50),
        overdue: some(lot, N, |l| l.one_in(2)),
        stale: some(lot, N, |l| l.one_in(2)),
        unassigned: some(lot, N, |l| l.one_in(2)),
        has_ticket: some(lot, N, |l| l.one_in(2)),
        resolutions: some(lot, N, |_| vec![Resolution::Manual, Resolution::NotSeen]),
        first_observed_after: some(lot, N, instant),
        updated_after: some(lot, N, instant),
        opened_after: some(lot, N, instant),
        opened_before: some(lot, N, instant),
        resolved_after: some(lot, N, instant),
        resolved_before: some(lot, N, instant),
        due_before: some(lot, N, instant),
        assignee: None,
        triage_policy: None,
        triage_ends_before: None,
    }
}

fn any<T: PartialEq>(wanted: Option<&Vec<T>>, own: &[T]) -> bool {
    wanted.is_none_or(|w| own.iter().any(|o| w.contains(o)))
}

/// The filter's meaning in plain words, without a directory.
fn matches(w: &FindingFilter, f: &Finding, asset: &Asset, now: Timestamp) -> bool {
    let most = |value: fn(&VulnerabilityClaim) -> Option<f64>| {
        f.vulnerabilities.iter().filter_map(|v| value(&v.claim)).fold(-1.0, f64::max)
    };
    let cves: Vec<_> = f.vulnerabilities.iter().map(|v| v.cve.clone()).collect();
    let known = f.vulnerabilities.iter().any(|v| v.claim.known_exploited);
    let ransomware = f.vulnerabilities.iter().any(|v| v.claim.ransomware);
    let active = matches!(f.state, FindingState::Open | FindingState::Acknowledged);
    let text = format!("{}\n{}\n{}\n{}", f.title, f.rule_name, f.remediation, f.ip).to_lowercase();
    let is = |wanted: Option<bool>, own: bool| wanted.is_none_or(|wanted| wanted == own);
    w.text.as_ref().is_none_or(|t| text.contains(&t.to_lowercase()))
        && any(w.severities.as_ref(), &[f.severity])
        && any(w.states.as_ref(), &[f.state])
        && any(w.categories.as_ref(), &[f.category])
        && any(w.confidence.as_ref(), &[f.confidence])
        && any(w.asset_ids.as_ref(), std::slice::from_ref(&f.asset))
        && any(w.asset_tags.as_ref(), &asset.tags)
        && any(w.owners.as_ref(), asset.owner.as_slice())
        && any(w.sites.as_ref(), asset.device.site.as_slice())
        && any(w.asset_criticality.as_ref(), &[asset.criticality])
        && w.ip.is_none_or(|ip| ip == f.ip)
        && w.within.as_ref().is_none_or(|nets| nets.iter().any(|n| n.contains(&f.ip)))
        && any(w.ports.as_ref(), f.port.as_slice())
        && w.cve.as_ref().is_none_or(|cve| cves.contains(cve))
        && any(w.cves.as_ref(), &cves)
        && w.rule.as_ref().is_none_or(|r| *r == f.rule)
        && is(w.known_exploited, known)
        && is(w.ransomware, ransomware)
        && any(w.ssvc.as_ref(), f.ssvc.as_slice())
        && w.min_epss.is_none_or(|p| most(|c| c.epss) >= p)
        && w.min_cvss.is_none_or(|p| most(|c| c.cvss) >= p)
        && w.min_risk_score.is_none_or(|r| f.risk_score >= r)
        && is(w.overdue, active && f.due_at.is_some_and(|d| d <= now))
        && is(w.stale, f.stale)
        && is(w.unassigned, f.assignee.is_none())
        && is(w.has_ticket, !f.tickets.is_empty())
        && any(w.resolutions.as_ref(), f.resolution.as_slice())
        && w.first_observed_after.is_none_or(|t| f.first_observed_at > t)
        && w.updated_after.is_none_or(|t| f.updated_at > t)
        && w.opened_after.is_none_or(|t| f.opened_at > t)
        && w.opened_before.is_none_or(|t| f.opened_at < t)
        && w.resolved_after.is_none_or(|t| f.resolved_at.is_some_and(|r| r > t))
        && w.resolved_before.is_none_or(|t| f.resolved_at.is_some_and(|r| r < t))
        && w.due_before.is_none_or(|t| f.due_at.is_some_and(|d| d < t))
}

fn key(order: Order, f: &Finding) -> i64 {
    match order {
        Order::Risk => i64::from(f.risk_score),
        Order::FirstObserved => f.first_observed_at.as_second(),
        Order::Updated => f.updated_at.as_second(),
        Order::Due => f.due_at.map_or(i64::MAX, Timestamp::as_second),
    }
}

#[tokio::test]
async fn any_filter_and_order_lists_each_match_once_both_ways_and_counts_what_it_lists() {
    let plant = Plant::new().await;
    let mut lot = Lot(7);
    let mut assets = Vec::new();
    for n in 0..9 {
        assets.push(plant.watch(&format!("8.8.8.{n}"), n).await);
    }
    let all: Vec<Finding> = (0..400).map(|n| drawn(&mut lot, &assets[n * 7 % assets.len()], n, plant.now())).collect();
    plant.enter(&all).await;
    let register = plant.register().await;
    let mut matched = 0;
    for round in 0..120 {
        let filter = filter(&mut lot, &assets, &all);
        let wanted: Vec<&Finding> =
            all.iter().filter(|f| matches(&filter, f, &register[&f.asset.to_string()], plant.now())).collect();
        matched += wanted.len();
        let (order, direction) = (Order::ALL[lot.next(4)], [Direction::Ascending, Direction::Descending][lot.next(2)]);
        let limit = [3, 25, 100][lot.next(3)];
        let (mut forward, _) = plant.pages(&filter, (order, direction), limit, false).await;
        let (mut backward, _) = plant.pages(&filter, (order, direction), limit, true).await;
        backward.reverse();
        assert_eq!(forward, backward, "round {round}: {filter:?}");
        let keys: Vec<i64> = forward.iter().map(|f| key(order, f)).collect();
        let sorted =
            if direction == Direction::Ascending { keys.is_sorted() } else { keys.is_sorted_by(|a, b| a >= b) };
        assert!(sorted, "round {round}: {order:?} {direction:?}");
        let mut counted = Counts::default();
        for finding in &wanted {
            counted.add(finding.state, finding.severity);
        }
        assert_eq!(plant.counts(&filter).await, Some(counted), "round {round}: {filter:?}");
        let mut wanted: Vec<Finding> = wanted.into_iter().cloned().collect();
        wanted.sort_by_key(|f| f.id.clone());
        forward.sort_by_key(|f| f.id.clone());
        assert_eq!(forward, wanted, "round {round}: {filter:?}");
    }
    assert!(matched > 1_000, "the filters must let something through: {matched}");
}

#[tokio::test]
async fn what_happened_in_the_second_of_the_last_look_is_not_missed() {
    let plant = Plant::new().await;
    let asset = plant.watch("8.8.8.8", 0).await;
    let second = plant.now() - SignedDuration::from_hours(1);
    let mut all: Vec<Finding> = (0..4).map(|n| finding(&asset, n, plant.now())).collect();
    for (finding, millis) in all.iter_mut().zip([0, 250, 500, 999]) {
        finding.updated_at = second + SignedDuration::from_millis(millis);
    }
    plant.enter(&all).await;
    let filter = FindingFilter { updated_after: Some(all[1].updated_at), ..FindingFilter::default() };
    let (found, _) = plant.pages(&filter, (Order::Updated, Direction::Ascending), 10, false).await;
    let titles: Vec<&str> = found.iter().map(|f| f.title.as_str()).collect();
    assert_eq!((titles.len(), titles.contains(&"Finding 2"), titles.contains(&"Finding 3")), (2, true, true));
    assert_eq!(plant.counts(&filter).await.unwrap().total(FindingState::Open), 2);
}

#[tokio::test]
async fn a_page_looks_at_a_thousand_rows_and_then_says_where_to_go_on() {
    let plant = Plant::new().await;
    let asset = plant.watch("8.8.8.8", 0).await;
    let mut all: Vec<Finding> = (0..2_500).map(|n| finding(&asset, n, plant.now())).collect();
    all[2_400].title = "the needle".into();
    for several in all.chunks(500) {
        plant.enter(several).await;
    }
    let order = (Order::Risk, Direction::Descending);
    let filter = FindingFilter { text: Some("needle".into()), ..FindingFilter::default() };
    for backward in [false, true] {
        let before = plant.bench.tables.calls();
        let (found, pages) = plant.pages(&filter, order, 5, backward).await;
        assert_eq!((found.len(), found[0].title.as_str()), (1, "the needle"));
        assert_eq!(pages, 3);
        // One read of the head per page, and a hundred rows at a time.
        assert!(plant.bench.tables.calls() - before <= 3 + 25 + 14, "{}", plant.bench.tables.calls() - before);
    }
    // Counting all of them is three ranges, not 25 rounds of point reads.
    let before = plant.bench.tables.calls();
    assert_eq!(plant.counts(&filter).await.unwrap().total(FindingState::Open), 1);
    assert!(plant.bench.tables.calls() - before <= 5, "{}", plant.bench.tables.calls() - before);
    // What the directory knows costs the head and the rows shown.
    let known = FindingFilter { min_risk_score: Some(10), ..FindingFilter::default() };
    let before = plant.bench.tables.calls();
    let page = app::findings::page(&plant.bench, &plant.caller, &known, order, (None, 100, false)).await.unwrap();
    assert_eq!((page.items.len(), page.more), (100, true));
    assert_eq!(plant.bench.tables.calls() - before, 2);
}

#[tokio::test]
async fn the_end_of_a_list_is_told_as_that() {
    let plant = Plant::new().await;
    let asset = plant.watch("8.8.8.8", 0).await;
    let all: Vec<Finding> = (0..10).map(|n| finding(&asset, n, plant.now())).collect();
    plant.enter(&all).await;
    let order = (Order::Risk, Direction::Ascending);
    for filter in [
        FindingFilter::default(),
        FindingFilter { text: Some("finding".into()), ..FindingFilter::default() },
        FindingFilter { ip: Some("192.0.2.1".parse().unwrap()), ..FindingFilter::default() },
    ] {
        for backward in [false, true] {
            for (limit, pages) in [(10, 1), (5, 2), (11, 1), (3, 4)] {
                assert_eq!(plant.pages(&filter, order, limit, backward).await.1, pages, "{limit} {backward}");
            }
        }
    }
    let nothing = FindingFilter { text: Some("absent".into()), ..FindingFilter::default() };
    assert_eq!(plant.pages(&nothing, order, 5, false).await, (Vec::new(), 1));
}
