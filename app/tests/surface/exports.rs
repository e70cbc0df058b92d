//! Everything of one kind at once, in steps of the same size, with the cursor behind which nothing is missed.

use std::collections::BTreeSet;
use std::sync::Arc;

use app::assets::{AssetFilter, Selection};
use app::export::{Export, Wanted, begin};
use app::findings::{self, EventFilter, FindingFilter, ServiceFilter, TicketDraft};
use app::testing::Bench;
use app::{App, Error, assets};
use domain::finding::Finding;
use domain::ids::EventId;
use domain::role::Scope;
use jiff::SignedDuration;
use serde_json::Value;

use super::plant::{Lot, Plant, drawn};

/// The plant's own store, as the edge shares it.
fn shared(plant: &Plant) -> Arc<App> {
    let Bench { app, .. } = Bench::new();
    let settings = app::Settings { public_url: "http://127.0.0.1:7071".into(), ..app::Settings::default() };
    Arc::new(App {
        tables: plant.bench.tables.clone(),
        queue: plant.bench.queue.clone(),
        clock: plant.bench.clock.clone(),
        settings,
        ..app
    })
}

async fn all(mut export: Export) -> Vec<Vec<Value>> {
    let mut records = Vec::new();
    while let Some(page) = export.next().await.unwrap() {
        assert!(page.len() <= 500, "a page of {}", page.len());
        records.extend(page);
    }
    records
}

async fn planted(number: usize) -> (Plant, Vec<Finding>) {
    let plant = Plant::new().await;
    let mut lot = Lot(23);
    let mut assets = Vec::new();
    for n in 0..5 {
        assets.push(plant.watch(&format!("8.8.8.{n}"), n).await);
    }
    let all: Vec<Finding> = (0..number).map(|n| drawn(&mut lot, &assets[n % 5], n, plant.now())).collect();
    for several in all.chunks(400) {
        plant.enter(several).await;
    }
    (plant, all)
}

fn column(export: &Export, name: &str) -> usize {
    export.columns.iter().position(|c| *c == name).unwrap()
}

#[tokio::test]
async fn an_export_of_findings_is_what_the_list_shows_and_reads_a_page_at_a_time() {
    let (plant, every) = planted(1200).await;
    let filters = [
        FindingFilter::default(),
        FindingFilter { min_cvss: Some(5.0), sites: Some(vec!["Rome".into()]), ..FindingFilter::default() },
        FindingFilter { overdue: Some(true), ..FindingFilter::default() },
    ];
    for filter in filters {
        let app = shared(&plant);
        let before = plant.bench.tables.calls();
        let export = begin(app, plant.caller.clone(), Wanted::Findings(Box::new(filter.clone())), None).await.unwrap();
        let (id, columns) = (column(&export, "id"), export.columns.len());
        let records = all(export).await;
        assert!(plant.bench.tables.calls() - before <= 12, "{}", plant.bench.tables.calls() - before);
        assert!(records.iter().all(|r| r.len() == columns));
        let ids: BTreeSet<&str> = records.iter().map(|r| r[id].as_str().unwrap()).collect();
        assert_eq!(ids.len(), records.len());
        let counted: u32 = plant.counts(&filter).await.unwrap().0.iter().flatten().sum();
        assert_eq!(ids.len(), counted as usize, "{filter:?}");
    }
    assert_eq!(every.len(), 1200);
}

#[tokio::test]
async fn what_changes_while_an_export_runs_is_behind_its_cursor() {
    let (plant, every) = planted(20).await;
    let begun = begin(shared(&plant), plant.caller.clone(), Wanted::Findings(Box::default()), None).await.unwrap();
    let log = begin(shared(&plant), plant.caller.clone(), Wanted::Events(Box::default()), None).await.unwrap();
    let ticket = TicketDraft { system: "jira".into(), key: "OPS-1".into(), ..TicketDraft::default() };
    findings::link_ticket(&plant.bench, &plant.caller, &[every[3].id.clone()], &ticket).await.unwrap();
    let cursor: EventId = begun.cursor.parse().unwrap();
    let asked = (Some(cursor.number), 100, false);
    let later = findings::events_page(&plant.bench, &plant.caller, &EventFilter::default(), asked).await.unwrap();
    assert_eq!(later.items.len(), 1);
    assert_eq!(later.items[0].subjects.finding.as_ref(), Some(&every[3].id));
    let told = all(log).await;
    assert_eq!(told.len() as u64, cursor.number, "the log up to the cursor, and not what came later");
    assert_eq!(all(begun).await.len(), 20);
}

#[tokio::test]
async fn assets_come_in_the_columns_of_an_import() {
    let (plant, _) = planted(0).await;
    let register = plant.register().await;
    let one = register.values().next().unwrap().id.clone();
    assets::retire(&plant.bench, &plant.caller, Selection::Ids(vec![one]), 1, "sold").await.unwrap();
    for (filter, number) in [
        (AssetFilter::default(), 4),
        (AssetFilter { retired: true, ..AssetFilter::default() }, 1),
        (AssetFilter { tags: Some(vec!["nobody".into()]), ..AssetFilter::default() }, 0),
    ] {
        let export = begin(shared(&plant), plant.caller.clone(), Wanted::Assets(Box::new(filter)), None).await.unwrap();
        assert_eq!(export.columns[..3], ["externalId", "name", "target"]);
        let header = export.columns[..18].join(",");
        assert!(!assets::read_csv(&format!("{header}\n")).iter().any(Result::is_err), "an import takes them");
        assert_eq!(all(export).await.len(), number);
    }
    let none =
        begin(shared(&plant), plant.caller.clone(), Wanted::Services(Box::<ServiceFilter>::default()), None).await;
    assert!(all(none.unwrap()).await.is_empty());
}

#[tokio::test]
async fn who_may_not_read_exports_nothing_and_nothing_of_others_is_exported() {
    let (plant, _) = planted(10).await;
    let token = app::access::Caller { scopes: Some([Scope::Triage].into()), ..plant.caller.clone() };
    let refused = begin(shared(&plant), token, Wanted::Findings(Box::default()), None).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    let other =
        app::access::bootstrap(&plant.bench, "ops@other.example", "correct horse battery", "Ops", Some("Other")).await;
    for wanted in [
        Wanted::Findings(Box::default()),
        Wanted::Assets(Box::default()),
        Wanted::Services(Box::default()),
        Wanted::Events(Box::default()),
    ] {
        let export = begin(shared(&plant), other.as_ref().unwrap().clone(), wanted, None).await.unwrap();
        assert!(all(export).await.is_empty());
    }
}

#[tokio::test]
async fn an_earlier_instant_is_told_with_the_cursor_of_the_log_as_it_stood_then() {
    let (plant, _) = planted(20).await;
    let then = plant.bench.now();
    let before = begin(shared(&plant), plant.caller.clone(), Wanted::Findings(Box::default()), None).await.unwrap();
    let (cursor, id) = (before.cursor.clone(), column(&before, "id"));
    // What is in no event, such as when it was last seen, is told as of then only where nothing happened since.
    let sorted = |mut records: Vec<Vec<Value>>| {
        for record in &mut records {
            record.truncate(10);
        }
        records.sort_by_key(|record| record[id].to_string());
        records
    };
    let known = sorted(all(before).await);
    plant.bench.clock.advance(SignedDuration::from_hours(1));
    plant.watch("203.0.113.200", 7).await;
    for wanted in [Wanted::Findings(Box::default()), Wanted::Services(Box::default())] {
        let export = begin(shared(&plant), plant.caller.clone(), wanted, Some(then)).await.unwrap();
        assert_eq!(export.cursor, cursor, "what was registered later is behind it");
    }
    let export = begin(shared(&plant), plant.caller.clone(), Wanted::Findings(Box::default()), Some(then)).await;
    assert_eq!(sorted(all(export.unwrap()).await), known);
    let later = plant.bench.now() + SignedDuration::from_hours(1);
    for (wanted, at) in [(Wanted::Findings(Box::default()), later), (Wanted::Assets(Box::default()), then)] {
        let refused = begin(shared(&plant), plant.caller.clone(), wanted, Some(at)).await;
        assert!(matches!(refused.map(|_| ()), Err(Error::User(_))));
    }
    let log = begin(shared(&plant), plant.caller.clone(), Wanted::Events(Box::default()), Some(then)).await.unwrap();
    let at = column(&log, "at");
    let told = all(log).await;
    assert!(!told.is_empty() && told.iter().all(|event| event[at].as_str().unwrap() <= then.to_string().as_str()));
}
