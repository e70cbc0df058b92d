//! Many assets at once: the same change, another look, the end.

use app::assets::{self, AssetFilter, AssetsPatch, Selection};
use app::directory::{Direction, Order};
use app::findings::{self, EventFilter, FindingFilter};
use app::ports::{RowRange, Table, Tables};
use app::testing::Fault;
use app::{Error, UserErrorCode, poll};
use domain::asset::{Asset, Criticality};
use domain::event::{Event, EventType};
use domain::finding::Finding;
use domain::ids::AssetId;
use domain::role::Role;
use jiff::SignedDuration;

use super::plant::{Plant, finding};

async fn events(plant: &Plant, kind: EventType) -> Vec<Event> {
    let filter = EventFilter { types: Some(vec![kind]), ..EventFilter::default() };
    findings::events_page(&plant.bench, &plant.caller, &filter, (None, 1000, false)).await.unwrap().items
}

async fn several(plant: &Plant, number: usize) -> Vec<Asset> {
    let mut assets = Vec::new();
    for n in 0..number {
        assets.push(plant.watch(&format!("8.8.{}.{}", n / 200, n % 200), n).await);
    }
    assets
}

fn ids(assets: &[Asset]) -> Vec<AssetId> {
    assets.iter().map(|a| a.id.clone()).collect()
}

fn filter(tag: &str) -> Selection {
    Selection::Filter(Box::new(AssetFilter { tags: Some(vec![tag.into()]), ..AssetFilter::default() }))
}

fn faulty<T>(outcome: Result<T, Error>) -> Vec<(UserErrorCode, String)> {
    match outcome {
        Err(Error::User(faults)) => faults.into_iter().map(|f| (f.code, f.field.join("."))).collect(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("taken"),
    }
}

#[tokio::test]
async fn many_assets_are_changed_together_each_with_its_event_and_what_is_like_that_already_has_none() {
    let plant = Plant::new().await;
    several(&plant, 90).await;
    let patch = AssetsPatch {
        add_tags: vec!["audit".into()],
        remove_tags: vec!["plc".into()],
        owner: Some(None),
        criticality: Some(Criticality::High),
        ..AssetsPatch::default()
    };
    let (changed, faults) = assets::update_many(&plant.bench, &plant.caller, filter("plc"), 30, &patch).await.unwrap();
    assert_eq!((changed.len(), faults.len()), (30, 0));
    let told = events(&plant, EventType::AssetUpdated).await;
    assert_eq!(told.len(), 30);
    for event in &told {
        let fields: Vec<&str> = event.changes.iter().map(|c| c.field.as_str()).collect();
        assert!(fields.contains(&"tags") && fields.contains(&"owner"), "{fields:?}");
        assert_eq!(event.actor, plant.caller.actor);
    }
    let register = plant.register().await;
    for id in &changed {
        let asset = &register[&id.to_string()];
        assert_eq!(
            (asset.tags.clone(), &asset.owner, asset.criticality),
            (vec!["audit".into()], &None, Criticality::High)
        );
    }
    let again = Selection::Ids(changed);
    let (changed, _) = assets::update_many(&plant.bench, &plant.caller, again, 30, &patch).await.unwrap();
    assert!(changed.is_empty());
    assert_eq!(events(&plant, EventType::AssetUpdated).await.len(), 30);
}

#[tokio::test]
async fn another_number_than_expected_or_a_wrong_field_changes_nothing() {
    let plant = Plant::new().await;
    let assets = several(&plant, 9).await;
    let patch = AssetsPatch { add_tags: vec!["x".into()], ..AssetsPatch::default() };
    let ask = async |selection, expected, patch: &AssetsPatch| {
        faulty(assets::update_many(&plant.bench, &plant.caller, selection, expected, patch).await)
    };
    assert_eq!(ask(filter("plc"), 4, &patch).await, [(UserErrorCode::Conflict, "input.expectedCount".into())]);
    let wrong = AssetsPatch {
        add_tags: vec!["x".repeat(101)],
        owner_email: Some(Some("nobody".into())),
        poll_interval: Some(Some(1)),
        ..AssetsPatch::default()
    };
    let fields: Vec<String> = ask(filter("plc"), 3, &wrong).await.into_iter().map(|(_, field)| field).collect();
    assert_eq!(fields, ["input.addTags", "input.ownerEmail", "input.pollInterval"]);
    assert!(events(&plant, EventType::AssetUpdated).await.is_empty());
    let unknown = AssetId { ulid: "01J8ZQ4W3E9V6T5R2P1N0M8K7H".into(), ..assets[0].id.clone() };
    let some = Selection::Ids(vec![assets[0].id.clone(), unknown, assets[2].id.clone()]);
    let (changed, faults) = assets::update_many(&plant.bench, &plant.caller, some, 3, &patch).await.unwrap();
    assert_eq!(changed, [assets[0].id.clone(), assets[2].id.clone()]);
    assert_eq!((faults.len(), faults[0].field.join(".")), (1, "input.ids.1".into()));
}

#[tokio::test]
async fn assets_are_made_due_and_the_next_tick_asks_about_them() {
    let plant = Plant::new().await;
    let assets = several(&plant, 5).await;
    let due = async || {
        let asked: Vec<&Asset> = assets.iter().collect();
        let members = assets::monitoring(&plant.bench, &plant.caller.org, &asked).await.unwrap();
        members.into_iter().map(|m| m.unwrap().due <= plant.now()).collect::<Vec<bool>>()
    };
    plant.bench.clock.set(plant.now() - SignedDuration::from_hours(1));
    assert_eq!(due().await, [false; 5], "they are due when they were registered");
    let mut some = ids(&assets[..3]);
    some.push(AssetId { ulid: "01J8ZQ4W3E9V6T5R2P1N0M8K7H".into(), ..assets[0].id.clone() });
    some.push(assets[0].id.clone());
    let (queued, faults) = poll::refresh_many(&plant.bench, &plant.caller, &some).await.unwrap();
    assert_eq!((queued, faults.len(), faults[0].field.join(".")), (3, 1, "input.ids.3".into()));
    assert_eq!(due().await, [true, true, true, false, false]);
}

async fn retired(number: usize, findings: usize) -> (Plant, Vec<Asset>) {
    let plant = Plant::new().await;
    let assets = several(&plant, number).await;
    for asset in &assets {
        let all: Vec<Finding> = (0..findings).map(|n| finding(asset, n, plant.now())).collect();
        plant.enter(&all).await;
    }
    let gone = Selection::Ids(ids(&assets[1..]));
    assets::retire(&plant.bench, &plant.caller, gone, number - 1, "sold").await.unwrap();
    (plant, assets)
}

/// What is stored under an asset.
async fn left_of(plant: &Plant, asset: &Asset) -> usize {
    let partition = format!("{}:00", plant.caller.org);
    let mut left = 0;
    for kind in ["h", "s", "f"] {
        let range = RowRange::prefix(&format!("{kind}|{}|", asset.id.ulid), 1000);
        left += plant.bench.tables.range(Table::Exposure, &partition, range).await.unwrap().rows.len();
    }
    left
}

#[tokio::test]
async fn deleting_takes_retired_assets_with_all_that_was_found_and_leaves_the_log() {
    let (plant, assets) = retired(3, 70).await;
    let before = events(&plant, EventType::FindingResolved).await.len();
    let (deleted, faults) = assets::delete(&plant.bench, &plant.caller, &ids(&assets)).await.unwrap();
    assert_eq!(deleted, ids(&assets[1..]));
    assert_eq!((faults[0].code, faults[0].field.join(".")), (UserErrorCode::NotAllowed, "input.ids.0".into()));
    assert_eq!(plant.register().await.len(), 1);
    let (listed, _) = plant.pages(&FindingFilter::default(), (Order::Risk, Direction::Ascending), 100, false).await;
    assert_eq!(listed.len(), 70);
    let total: u32 = plant.counts(&FindingFilter::default()).await.unwrap().0.iter().flatten().sum();
    assert_eq!(total, 70, "the head counts what is left");
    let all = FindingFilter { min_risk_score: Some(0), ..FindingFilter::default() };
    assert_eq!(plant.counts(&all).await, plant.counts(&FindingFilter::default()).await);
    for asset in &assets[1..] {
        assert_eq!(left_of(&plant, asset).await, 0);
        assert!(assets::asset(&plant.bench, &plant.caller, &asset.id).await.unwrap().is_none());
    }
    assert_eq!(events(&plant, EventType::FindingResolved).await.len(), before);
    let told = events(&plant, EventType::AssetDeleted).await;
    let mut names: Vec<&str> = told.iter().filter_map(|event| event.payload["asset"]["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, [assets[1].name.as_str(), assets[2].name.as_str()]);
    // Its target is free for another.
    plant.watch(&assets[1].target.to_string(), 1).await;
    let (deleted, faults) = assets::delete(&plant.bench, &plant.caller, &ids(&assets[1..])).await.unwrap();
    assert_eq!((deleted.len(), faults.len(), faults[0].code), (0, 2, UserErrorCode::NotFound));
}

#[tokio::test]
async fn only_an_owner_deletes() {
    let (plant, assets) = retired(2, 1).await;
    let admin = app::access::Caller { role: Role::Admin, ..plant.caller.clone() };
    assert!(matches!(assets::delete(&plant.bench, &admin, &ids(&assets)).await, Err(Error::Forbidden(_))));
    let viewer = app::access::Caller { role: Role::Viewer, ..plant.caller.clone() };
    let patch = AssetsPatch::default();
    let none = Selection::Ids(Vec::new());
    assert!(matches!(assets::update_many(&plant.bench, &viewer, none, 0, &patch).await, Err(Error::Forbidden(_))));
    assert!(matches!(poll::refresh_many(&plant.bench, &viewer, &[]).await, Err(Error::Forbidden(_))));
}

#[tokio::test]
async fn a_deletion_that_breaks_off_anywhere_is_completed_by_the_next_tick_once() {
    for call in 1..45 {
        for fault in [Fault::Before, Fault::Lost] {
            let (plant, assets) = retired(2, 3).await;
            plant.bench.tables.fail_at(call, fault);
            let first = assets::delete(&plant.bench, &plant.caller, &ids(&assets[1..])).await;
            plant.bench.tables.heal();
            if first.is_err() {
                assets::delete(&plant.bench, &plant.caller, &ids(&assets[1..])).await.unwrap();
            }
            let _ = poll::tick(&plant.bench).await;
            assert_eq!(left_of(&plant, &assets[1]).await, 0, "{call} {fault:?}");
            let total: u32 = plant.counts(&FindingFilter::default()).await.unwrap().0.iter().flatten().sum();
            assert_eq!(total, 3, "{call} {fault:?}");
            assert_eq!(events(&plant, EventType::AssetDeleted).await.len(), 1, "{call} {fault:?}");
        }
    }
}
