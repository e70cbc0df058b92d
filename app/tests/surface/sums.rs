//! Groups, overviews, days and vulnerabilities: every number is what a list shows.

use std::collections::{BTreeMap, BTreeSet};

use app::directory::{Counts, Direction, Order};
use app::findings::{self, Dimension, FindingFilter};
use app::poll;
use domain::finding::{Finding, FindingState, Resolution};
use domain::severity::Severity;
use jiff::{SignedDuration, Timestamp};

use super::plant::{Lot, Plant, drawn, finding};

async fn planted(number: usize) -> (Plant, Vec<Finding>) {
    let plant = Plant::new().await;
    let mut lot = Lot(11);
    let mut assets = vec![plant.watch("8.8.0.0/16", 0).await];
    for n in 0..6 {
        assets.push(plant.watch(&format!("8.8.8.{n}"), n).await);
    }
    let all: Vec<Finding> = (0..number).map(|n| drawn(&mut lot, &assets[n % 7], n, plant.now())).collect();
    plant.enter(&all).await;
    (plant, all)
}

fn active(f: &Finding) -> bool {
    matches!(f.state, FindingState::Open | FindingState::Acknowledged)
}

fn counted<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Counts {
    let mut counts = Counts::default();
    findings.into_iter().for_each(|f| counts.add(f.state, f.severity));
    counts
}

#[tokio::test]
async fn groups_by_any_dimension_count_what_a_list_shows() {
    let (plant, all) = planted(300).await;
    let register = plant.register().await;
    let text = |value: Option<String>| vec![value.unwrap_or_default()];
    let key = |d: Dimension, f: &Finding| {
        let asset = &register[&f.asset.to_string()];
        match d {
            Dimension::Severity => vec![f.severity.as_str().to_owned()],
            Dimension::Owner => text(asset.owner.clone()),
            Dimension::Site => text(asset.device.site.clone()),
            Dimension::Asset => vec![asset.id.to_string()],
            Dimension::Network => vec!["8.8.0.0/16".into()],
            Dimension::Tag => asset.tags.clone(),
            Dimension::Cve => {
                let cves: BTreeSet<String> = f.vulnerabilities.iter().map(|v| v.cve.to_string()).collect();
                if cves.is_empty() { vec![String::new()] } else { cves.into_iter().collect() }
            }
            Dimension::Rule => vec![f.rule.to_string()],
            Dimension::Category => vec![f.category.as_str().to_owned()],
            Dimension::Port => text(f.port.map(|p| p.to_string())),
            Dimension::Product | Dimension::Assignee => vec![String::new()],
            Dimension::Resolution => text(f.resolution.map(|r| r.as_str().to_owned())),
        }
    };
    let dimensions = [
        Dimension::Severity,
        Dimension::Owner,
        Dimension::Site,
        Dimension::Asset,
        Dimension::Network,
        Dimension::Tag,
        Dimension::Cve,
        Dimension::Rule,
        Dimension::Category,
        Dimension::Port,
        Dimension::Product,
        Dimension::Assignee,
        Dimension::Resolution,
    ];
    let filter = FindingFilter { min_risk_score: Some(20), ..FindingFilter::default() };
    for (place, one) in dimensions.iter().enumerate() {
        let other = dimensions[(place + 3) % dimensions.len()];
        let mut wanted: BTreeMap<Vec<String>, Vec<&Finding>> = BTreeMap::new();
        for f in all.iter().filter(|f| f.risk_score >= 20) {
            for a in key(*one, f) {
                for b in key(other, f) {
                    wanted.entry(vec![a.clone(), b]).or_default().push(f);
                }
            }
        }
        let found = findings::groups(&plant.bench, &plant.caller, &[*one, other], &filter, 1000).await.unwrap();
        assert!(found.complete, "{one:?}");
        assert_eq!(found.groups.len(), wanted.len(), "{one:?} {other:?}");
        for group in &found.groups {
            let of = &wanted[&group.key];
            assert_eq!(group.counts, counted(of.iter().copied()), "{one:?} {other:?} {:?}", group.key);
            assert_eq!(group.assets, of.iter().map(|f| &f.asset).collect::<BTreeSet<_>>().len());
            let due = |f: &&&Finding| active(f) && f.due_at.is_some_and(|d| d <= plant.now());
            assert_eq!(group.overdue, of.iter().filter(due).count());
            let worst = of.iter().filter(|f| active(f)).map(|f| f.risk_score).max().unwrap_or(0);
            assert_eq!(group.risk, worst);
            let oldest = of.iter().filter(|f| active(f)).map(|f| f.opened_at.as_second()).min().unwrap_or(0);
            assert_eq!(i64::from(group.oldest), oldest);
        }
        let few = findings::groups(&plant.bench, &plant.caller, &[*one, other], &filter, 1).await.unwrap();
        assert_eq!((few.groups.len(), few.complete), (1, found.groups.len() == 1));
        assert_eq!(few.groups[0], found.groups[0]);
    }
    for wrong in [vec![], vec![Dimension::Tag; 4]] {
        let refused = findings::groups(&plant.bench, &plant.caller, &wrong, &filter, 50).await;
        assert!(matches!(refused, Err(app::Error::User(_))));
    }
}

#[tokio::test]
async fn what_the_directory_knows_is_grouped_without_reading_a_finding() {
    let (plant, _) = planted(300).await;
    let by = [Dimension::Severity, Dimension::Owner, Dimension::Port];
    let ask = async || findings::groups(&plant.bench, &plant.caller, &by, &FindingFilter::default(), 50).await.unwrap();
    ask().await;
    let before = plant.bench.tables.calls();
    ask().await;
    // The heads of directory and register, and the rows of the very second in which something is due.
    assert!(plant.bench.tables.calls() - before <= 3, "{}", plant.bench.tables.calls() - before);
}

#[tokio::test]
async fn the_overview_counts_what_lists_show() {
    let (plant, all) = planted(300).await;
    for days in [7, 30, 90] {
        let since = plant.now() - SignedDuration::from_hours(days * 24);
        let before = plant.bench.tables.calls();
        let overview = findings::overview(&plant.bench, &plant.caller, since).await.unwrap();
        assert!(plant.bench.tables.calls() - before <= 6);
        assert_eq!(overview.counts, counted(&all));
        let late = |t: Option<Timestamp>| t.is_some_and(|t| t > since);
        assert_eq!(overview.new_findings, all.iter().filter(|f| late(Some(f.opened_at))).count());
        let resolved: Vec<&Finding> = all.iter().filter(|f| late(f.resolved_at)).collect();
        assert_eq!(overview.resolved_findings, resolved.len());
        let filter = FindingFilter { resolved_after: Some(since), ..FindingFilter::default() };
        assert_eq!(plant.counts(&filter).await.unwrap(), counted(resolved));
        let overdue = FindingFilter { overdue: Some(true), ..FindingFilter::default() };
        let listed = plant.pages(&overdue, (Order::Due, Direction::Ascending), 100, false).await.0;
        assert_eq!(overview.overdue, listed.len());
        assert_eq!(overview.trend.len(), 1, "no day has ended yet");
        assert_eq!(overview.trend[0].open.iter().sum::<u32>() as usize, all.iter().filter(|f| active(f)).count());
    }
}

#[tokio::test]
async fn time_to_resolve_is_of_what_was_fixed() {
    let plant = Plant::new().await;
    let asset = plant.watch("8.8.8.8", 0).await;
    let resolved = |n: usize, hours: i64, why| Finding {
        state: FindingState::Resolved,
        resolution: Some(why),
        opened_at: plant.now() - SignedDuration::from_hours(hours),
        resolved_at: Some(plant.now()),
        ..finding(&asset, n, plant.now())
    };
    let since = plant.now() - SignedDuration::from_hours(24);
    let none = findings::overview(&plant.bench, &plant.caller, since).await.unwrap();
    assert_eq!(none.mean_time_to_resolve_hours, None);
    plant
        .enter(&[
            resolved(1, 10, Resolution::SeenFixed),
            resolved(2, 30, Resolution::Manual),
            resolved(3, 500, Resolution::AssetRetired),
        ])
        .await;
    let overview = findings::overview(&plant.bench, &plant.caller, since).await.unwrap();
    assert_eq!((overview.resolved_findings, overview.mean_time_to_resolve_hours), (3, Some(20.0)));
}

#[tokio::test]
async fn each_day_is_written_down_once_and_a_day_without_a_tick_is_not_made_up() {
    let plant = Plant::new().await;
    let asset = plant.watch("8.8.8.8", 0).await;
    let tick = async || poll::tick(&plant.bench).await;
    let _ = tick().await;
    plant.enter(&[finding(&asset, 1, plant.now()), finding(&asset, 2, plant.now())]).await;
    let trend = async || {
        let since = plant.now() - SignedDuration::from_hours(30 * 24);
        findings::overview(&plant.bench, &plant.caller, since).await.unwrap().trend
    };
    let high = Severity::High as usize;
    assert_eq!(trend().await.len(), 1);
    // The clock of tests begins at eight in the morning of the 2nd.
    plant.bench.clock.advance(SignedDuration::from_hours(17));
    plant.enter(&[finding(&asset, 3, plant.now())]).await;
    for _ in 0..3 {
        let _ = tick().await;
    }
    let days = trend().await;
    assert_eq!(days.iter().map(|d| d.date.to_string()).collect::<Vec<_>>(), ["2026-03-02", "2026-03-03"]);
    assert_eq!((days[0].open[high], days[0].opened, days[0].resolved), (2, 2, 0));
    assert_eq!((days[1].open[high], days[1].opened), (3, 1));
    // Three days without a tick: of these the last alone can be told.
    plant.bench.clock.advance(SignedDuration::from_hours(72));
    let _ = tick().await;
    let days = trend().await;
    assert_eq!(days.iter().map(|d| d.date.to_string()).collect::<Vec<_>>(), ["2026-03-02", "2026-03-05", "2026-03-06"]);
    assert_eq!((days[1].open[high], days[1].opened), (3, 0));
}

#[tokio::test]
async fn a_vulnerability_counts_its_findings_and_assets_also_where_it_is_folded() {
    let (plant, all) = planted(300).await;
    let mut lot = Lot(5);
    for _ in 0..10 {
        let cve = lot.cve();
        let about: Vec<&Finding> = all.iter().filter(|f| f.vulnerabilities.iter().any(|v| v.cve == cve)).collect();
        let found = findings::vulnerability(&plant.bench, &plant.caller, &cve).await.unwrap();
        let Some(found) = found else {
            assert!(about.is_empty());
            continue;
        };
        assert_eq!(found.counts, counted(about.iter().copied()));
        let assets: BTreeSet<_> = about.iter().filter(|f| active(f)).map(|f| &f.asset).collect();
        assert_eq!(found.assets, assets.len());
    }
    let top = findings::top_vulnerabilities(&plant.bench, &plant.caller).await.unwrap();
    assert_eq!(top.len(), 10);
    let number = |s: &findings::VulnerabilitySummary| s.counts.0.iter().flatten().sum::<u32>();
    assert!(top.is_sorted_by(|a, b| number(a) >= number(b)));
    for summary in &top {
        let cve = &summary.vulnerability.cve;
        let filter = FindingFilter {
            cve: Some(cve.clone()),
            states: Some(vec![FindingState::Open, FindingState::Acknowledged]),
            ..FindingFilter::default()
        };
        assert_eq!(plant.counts(&filter).await, Some(summary.counts));
    }
}
