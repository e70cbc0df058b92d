use std::sync::Arc;

use app::assets::{self, AssetDraft, AssetPatch, Selection};
use app::findings::{self, FindingFilter, TriageRequest};
use app::ports::{Batch, Op, RowRange, SourceError, Table, Tables};
use app::testing::{Fault, RecordingMailer, RecordingWebhooks};
use app::{notify, poll};
use domain::event::EventType;
use domain::finding::{FindingState, Resolution, TriageReason};
use domain::trigger::{DecisionReason, Schedule, Trigger};
use jiff::SignedDuration;

use super::plant::{Plant, host, kinds};

#[tokio::test]
async fn a_new_device_is_polled_at_the_next_tick_and_its_findings_appear() {
    let plant = Plant::new().await;
    let asset = plant.watch("8.8.8.8").await;
    plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet"), (502, "modbus")]));
    let report = plant.tick().await;
    assert_eq!((report.polled, report.unchanged), (1, 0));
    let found = plant.findings(&FindingFilter::default()).await;
    assert!(found.len() >= 2, "{found:#?}");
    assert!(found.iter().all(|f| f.asset == asset.id && f.revision == 1 && f.state == FindingState::Open));
    let events = plant.events().await;
    assert_eq!(events[0].kind, EventType::AssetCreated);
    assert_eq!(events.last().unwrap().kind, EventType::AssetFirstPolled);
    assert!(events.iter().all(|e| e.first_poll || e.kind == EventType::AssetCreated));
    assert!(events.iter().enumerate().all(|(n, e)| e.id.number == n as u64 + 1));
    plant.counters_are_true().await;
}

#[tokio::test]
async fn a_poll_that_sees_nothing_new_writes_no_service_and_no_finding() {
    let plant = Plant::new().await;
    plant.watch("8.8.8.8").await;
    plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet")]));
    plant.tick().await;
    let events = plant.events().await.len();
    let rows = |plant: &Plant| -> Vec<_> {
        let all = plant.bench.tables.everything();
        all.into_iter()
            .filter(|row| format!("{row:?}").contains("\"s|") || format!("{row:?}").contains("\"f|"))
            .map(|row| format!("{row:?}"))
            .collect()
    };
    let before = rows(&plant);
    assert!(!before.is_empty());
    plant.later(2);
    let report = plant.tick().await;
    assert_eq!((report.polled, report.unchanged), (1, 1));
    assert_eq!(rows(&plant), before);
    assert_eq!(plant.events().await.len(), events);
    assert_eq!(plant.tick().await.polled, 0, "it is not due again");
}

#[tokio::test]
async fn a_device_inside_a_network_takes_over_what_the_network_found() {
    let plant = Plant::new().await;
    let network = plant.watch("8.8.8.0/24").await;
    plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet")]));
    plant.script.says(host("8.8.8.9", plant.now(), &[(502, "modbus")]));
    plant.tick().await;
    let before = plant.findings(&FindingFilter { ports: Some(vec![23]), ..FindingFilter::default() }).await;
    assert!(before.iter().all(|f| f.asset == network.id));
    let device = plant.watch("8.8.8.8").await;
    plant.tick().await;
    let after = plant.findings(&FindingFilter { ports: Some(vec![23]), ..FindingFilter::default() }).await;
    assert_eq!(after.len(), before.len());
    for (old, new) in before.iter().zip(&after) {
        assert_eq!((&new.id, &new.asset, new.opened_at), (&old.id, &device.id, old.opened_at));
        assert_eq!(new.revision, old.revision + 1);
    }
    let since: Vec<_> =
        plant.events().await.into_iter().filter(|e| e.subjects.finding.as_ref() == Some(&before[0].id)).collect();
    assert_eq!(kinds(&since), [EventType::FindingOpened, EventType::FindingUpdated]);
    // And it stays there, whoever is polled.
    for _ in 0..3 {
        plant.later(2);
        plant.tick().await;
    }
    assert_eq!(plant.findings(&FindingFilter { ports: Some(vec![23]), ..FindingFilter::default() }).await, after);
    plant.counters_are_true().await;
}

#[tokio::test]
async fn retiring_ends_polling_and_resolves_what_was_open() {
    let plant = Plant::new().await;
    let asset = plant.watch("8.8.8.8").await;
    plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet")]));
    plant.tick().await;
    let wrong = assets::retire(&plant.bench, &plant.caller, Selection::Ids(vec![asset.id.clone()]), 2, "sold").await;
    assert!(wrong.is_err());
    let retired =
        assets::retire(&plant.bench, &plant.caller, Selection::Ids(vec![asset.id.clone()]), 1, "sold").await.unwrap();
    assert_eq!(retired, std::slice::from_ref(&asset.id));
    let found = plant.findings(&FindingFilter::default()).await;
    assert!(found.iter().all(|f| f.state == FindingState::Resolved && f.resolution == Some(Resolution::AssetRetired)));
    assert_eq!(plant.events().await.last().unwrap().kind, EventType::AssetRetired);
    let asked = plant.script.asked();
    plant.later(48);
    plant.tick().await;
    assert_eq!(plant.script.asked(), asked);
    // Its target is free again.
    plant.watch("8.8.8.8").await;
    plant.counters_are_true().await;
}

#[tokio::test]
async fn a_target_or_external_id_is_taken_once() {
    let plant = Plant::new().await;
    plant.watch("8.8.8.8").await;
    let draft = AssetDraft { target: Some("8.8.8.8".into()), enabled: true, ..AssetDraft::default() };
    let error = assets::create(&plant.bench, &plant.caller, &draft).await.unwrap_err();
    assert!(matches!(error, app::Error::User(faults) if faults[0].code == app::UserErrorCode::Taken));
    let private = AssetDraft { target: Some("10.0.0.1".into()), enabled: true, ..AssetDraft::default() };
    let error = assets::create(&plant.bench, &plant.caller, &private).await.unwrap_err();
    assert!(matches!(error, app::Error::User(faults) if faults[0].code == app::UserErrorCode::PrivateAddress));
}

#[tokio::test]
async fn a_decision_of_people_holds_until_its_end_and_says_so() {
    let plant = Plant::new().await;
    plant.watch("8.8.8.8").await;
    plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet")]));
    plant.tick().await;
    let finding = plant.findings(&FindingFilter::default()).await.remove(0);
    let request = TriageRequest {
        ids: vec![finding.id.clone()],
        state: FindingState::Accepted,
        reason: Some(TriageReason::PlannedFix),
        note: None,
        until: Some(plant.now() + SignedDuration::from_hours(20 * 24)),
        tripwires: None,
        approved_by: None,
        epss_above: None,
    };
    let (changed, faults) = findings::triage(&plant.bench, &plant.caller, &request).await.unwrap();
    assert!(faults.is_empty());
    assert_eq!(changed[0].state, FindingState::Accepted);
    plant.counters_are_true().await;
    for _ in 0..22 {
        plant.later(24);
        plant.tick().await;
    }
    let now = findings::finding(&plant.bench, &plant.caller, &finding.id).await.unwrap().unwrap();
    assert_eq!((now.state, now.triage), (FindingState::Open, None));
    let mine: Vec<_> =
        plant.events().await.into_iter().filter(|e| e.subjects.finding.as_ref() == Some(&finding.id)).collect();
    let told = kinds(&mine);
    for kind in [EventType::FindingStateChanged, EventType::TriageEnding, EventType::TriageEnded] {
        assert_eq!(
            told.iter().filter(|k| **k == kind).count(),
            if kind == EventType::FindingStateChanged { 2 } else { 1 }
        );
    }
    let ended = mine.iter().find(|e| e.kind == EventType::TriageEnded).unwrap();
    assert_eq!(ended.payload["endedBecause"], "EXPIRED");
    assert_eq!((&ended.payload["triage"]["state"], &ended.payload["findingCount"]), (&"ACCEPTED".into(), &1.into()));
    let of_finding: Vec<_> = mine.iter().filter(|e| e.kind.is_of_finding()).collect();
    assert!(
        of_finding
            .windows(2)
            .all(|pair| pair[0].payload["finding"]["revision"].as_u64()
                < pair[1].payload["finding"]["revision"].as_u64())
    );
    plant.counters_are_true().await;
}

#[tokio::test]
async fn a_rejected_key_is_one_event_and_leaves_every_asset_due() {
    let plant = Plant::new().await;
    for n in 1..=5 {
        plant.watch(&format!("8.8.8.{n}")).await;
        plant.script.says(host(&format!("8.8.8.{n}"), plant.now(), &[(23, "telnet")]));
    }
    plant.script.fails(Some(SourceError::BadKey));
    for _ in 0..4 {
        let report = plant.tick().await;
        assert_eq!(report.polled, 0);
        plant.later(1);
    }
    let failing = kinds(&plant.events().await).into_iter().filter(|k| *k == EventType::SourceFailing).count();
    assert_eq!(failing, 1);
    plant.script.fails(None);
    assert_eq!(plant.tick().await.polled, 5);
    assert!(kinds(&plant.events().await).contains(&EventType::SourceRecovered));
}

#[tokio::test]
async fn a_change_of_criticality_moves_the_risk_at_the_next_tick() {
    let plant = Plant::new().await;
    let asset = plant.watch("8.8.8.8").await;
    plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet")]));
    plant.tick().await;
    let before = plant.findings(&FindingFilter::default()).await.remove(0).risk_score;
    let patch = AssetPatch { criticality: Some(domain::asset::Criticality::Critical), ..AssetPatch::default() };
    plant.later(1);
    assets::update(&plant.bench, &plant.caller, &asset.id, &patch).await.unwrap();
    plant.tick().await;
    assert!(plant.findings(&FindingFilter::default()).await.remove(0).risk_score > before);
}

#[tokio::test]
async fn a_hint_that_got_lost_is_made_anew_within_a_day() {
    let plant = Plant::new().await;
    plant.watch("8.8.8.8").await;
    plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet")]));
    plant.tick().await;
    let hints = plant.bench.tables.range(Table::Schedule, "agenda", RowRange::prefix("1", 100)).await.unwrap().rows;
    let ops = hints.into_iter().map(|row| Op::Delete { key: row.key, etag: None }).collect();
    let batch = Batch { table: Table::Schedule, partition: "agenda".into(), ops, witness: None };
    plant.bench.tables.commit(batch).await.unwrap();
    plant.later(2);
    assert_eq!(plant.tick().await.polled, 0);
    plant.later(23);
    plant.tick().await;
    assert_eq!(plant.tick().await.polled, 1);
}

/// Crashes at every storage call of registering, polling and telling; afterwards everything is there, once.
#[tokio::test]
async fn nothing_is_lost_wherever_it_crashes() {
    let calls = {
        let mut plant = Plant::new().await;
        channels(&mut plant).await;
        let before = plant.bench.tables.calls();
        whole_way(&plant).await;
        plant.bench.tables.calls() - before
    };
    assert!(calls > 20);
    for fault in [Fault::Before, Fault::After, Fault::Lost] {
        for at in 1..=calls {
            let mut plant = Plant::new().await;
            let (receiver, mailer) = channels(&mut plant).await;
            plant.bench.tables.fail_at(at, fault);
            whole_way(&plant).await;
            plant.bench.tables.heal();
            // Life goes on: whoever was interrupted asks again, and the timer ticks.
            plant.bench = plant.bench.restarted();
            for _ in 0..8 {
                plant.later(1);
                whole_way(&plant).await;
            }
            let events = plant.events().await;
            let sent = receiver.requests();
            for event in &events {
                let number = event.payload["sequence"].as_str().unwrap();
                let copies: Vec<_> =
                    sent.iter().filter(|r| r.body.contains(&format!("\"sequence\":\"{number}\""))).collect();
                assert!(!copies.is_empty(), "{fault:?} at call {at}: {:?} {number} was never sent", event.kind);
                assert!(copies.iter().all(|c| c.id == copies[0].id), "{fault:?} at call {at}: one event, two ids");
            }
            for event in events.iter().filter(|e| plant.now().duration_since(e.at) > SignedDuration::from_hours(2)) {
                let told = notify::decisions_of_event(&plant.bench, &plant.caller, event.id).await.unwrap();
                let all = told.iter().all(|t| t.reason == DecisionReason::Delivered);
                assert!(all && told.len() == 2, "{fault:?} at call {at}: {:?} {told:?}", event.kind);
            }
            assert!(!mailer.mails().is_empty());
            let told = kinds(&events);
            for once in [EventType::AssetCreated, EventType::AssetFirstPolled] {
                assert_eq!(told.iter().filter(|k| **k == once).count(), 1, "{fault:?} at call {at}: {told:?}");
            }
            assert_eq!(
                plant.findings(&FindingFilter::default()).await.len(),
                told.iter().filter(|k| **k == EventType::FindingOpened).count()
            );
            plant.counters_are_true().await;
        }
    }
}

/// A machine that hears of everything at once, and people who read of it once an hour.
async fn channels(plant: &mut Plant) -> (Arc<RecordingWebhooks>, Arc<RecordingMailer>) {
    let (receiver, mailer) = (Arc::new(RecordingWebhooks::default()), Arc::new(RecordingMailer::default()));
    (plant.bench.app.webhooks, plant.bench.app.mailer) = (receiver.clone(), mailer.clone());
    let hook = notify::NewWebhook {
        name: "SIEM".into(),
        url: "https://siem.example.com/".into(),
        ..notify::NewWebhook::default()
    };
    notify::create_webhook(&plant.bench, &plant.caller, hook).await.unwrap();
    let mail = notify::NewEmail {
        name: "Night shift".into(),
        recipients: vec!["ops@plant.example".into()],
        trigger: Some(Trigger { schedule: Schedule::Hourly, ..Trigger::default() }),
        confirmed: true,
        ..notify::NewEmail::default()
    };
    notify::create_email(&plant.bench, &plant.caller, mail).await.unwrap();
    (receiver, mailer)
}

/// Registers a device unless it is there, polls and tells; errors are what a crash looks like from outside.
async fn whole_way(plant: &Plant) {
    if plant.script.hosts.lock().unwrap().is_empty() {
        plant.script.says(host("8.8.8.8", plant.now(), &[(23, "telnet")]));
    }
    let draft = AssetDraft { target: Some("8.8.8.8".into()), enabled: true, ..AssetDraft::default() };
    let _ = assets::create(&plant.bench, &plant.caller, &draft).await;
    let _ = poll::tick(&plant.bench).await;
    let _ = notify::drain(&plant.bench, 100).await;
}
