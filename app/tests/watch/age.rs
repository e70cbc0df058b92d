use app::assets::{self, AssetDraft};
use app::findings::{self, FindingFilter};
use app::ports::{RowRange, SourceError, Table, Tables};
use domain::event::EventType;
use domain::ids::Bucket;
use domain::service::Service;

use super::plant::{Plant, host};

/// A device that is asked about once a day.
async fn watch(plant: &Plant) {
    let draft = AssetDraft {
        target: Some("8.8.8.8".into()),
        enabled: true,
        poll_interval: Some(86_400),
        ..AssetDraft::default()
    };
    assets::create(&plant.bench, &plant.caller, &draft).await.unwrap();
}

async fn services(plant: &Plant) -> Vec<Service> {
    let partition = format!("{}:{}", plant.caller.org, Bucket::default());
    let range = RowRange::prefix("s|", 100);
    let page = plant.bench.tables.range(Table::Exposure, &partition, range).await.unwrap();
    page.rows.iter().map(|row| app::rows::decode(row).unwrap()).collect()
}

async fn stale(plant: &Plant) -> bool {
    let services = services(plant).await;
    let finding = plant.findings(&FindingFilter::default()).await.remove(0);
    assert_eq!(finding.stale, services[0].stale);
    services[0].stale
}

#[tokio::test]
async fn what_was_not_seen_for_thirty_days_is_stale_although_its_source_answers() {
    let plant = Plant::new().await;
    watch(&plant).await;
    plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet")]));
    for _ in 0..30 {
        plant.tick().await;
        plant.later(24);
    }
    plant.tick().await;
    assert!(!stale(&plant).await);
    plant.later(24);
    plant.tick().await;
    assert!(stale(&plant).await);
    let told = plant.events().await.into_iter().filter(|e| e.kind == EventType::AssetStale).count();
    assert_eq!(told, 1);
    // It is as open as before, and young again when it is seen again.
    plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet")]));
    plant.later(24);
    plant.tick().await;
    assert!(!stale(&plant).await);
    plant.counters_are_true().await;
}

#[tokio::test]
async fn nothing_becomes_stale_by_an_outage() {
    let plant = Plant::new().await;
    watch(&plant).await;
    plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet")]));
    for _ in 0..20 {
        plant.tick().await;
        plant.later(24);
    }
    plant.script.fails(Some(SourceError::Unavailable("the line is cut".into())));
    for _ in 0..15 {
        plant.tick().await;
        plant.later(24);
    }
    plant.script.fails(None);
    plant.tick().await;
    assert!(!stale(&plant).await, "35 days, of which 15 nobody answered");
    for _ in 0..12 {
        plant.later(24);
        plant.tick().await;
    }
    assert!(stale(&plant).await);
}

#[tokio::test]
async fn a_closed_service_is_readable_for_ninety_days() {
    let plant = Plant::new().await;
    watch(&plant).await;
    plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet"), (502, "modbus")]));
    plant.tick().await;
    for _ in 0..3 {
        plant.later(24);
        plant.script.says(host("8.8.8.8", plant.now(), &[(502, "modbus")]));
        plant.tick().await;
    }
    let closed = services(&plant).await;
    assert_eq!(closed.len(), 2);
    let findings = plant.findings(&FindingFilter::default()).await.len();
    for day in 0..91 {
        plant.later(24);
        plant.script.says(host("8.8.8.8", plant.now(), &[(502, "modbus")]));
        plant.tick().await;
        assert!(day > 85 || services(&plant).await.len() == 2, "gone after {day} days");
    }
    assert_eq!(services(&plant).await.len(), 1);
    assert_eq!(plant.findings(&FindingFilter::default()).await.len(), findings, "what was found there stays");
    let all = findings::counts(&plant.bench, &plant.caller, &FindingFilter::default()).await.unwrap().unwrap();
    assert!(all.total(domain::finding::FindingState::Resolved) > 0);
    plant.counters_are_true().await;
}
