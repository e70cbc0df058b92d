use domain::event::Draft;
use domain::event::EventType::{FindingOpened, FindingUpdated};
use domain::finding::{Finding, FindingState};
use domain::ids::Bucket;
use domain::severity::Severity::High;
use domain::trigger::{QuietEnd, QuietHours, TimeOfDay, Trigger};
use jiff::Timestamp;
use serde_json::json;

use super::stage::{Stage, about, finding, org};
use crate::ledger::{Decision, Entered};
use crate::notify::{self, DeliveryState, NewWebhook};
use crate::ports::ChatService;
use crate::testing::Fault;

fn a_finding(number: u32, state: FindingState, at: Timestamp) -> Finding {
    let id = finding(number);
    serde_json::from_value(json!({
        "id": id, "asset": format!("asset_00{}", id.birth), "rule": "rule_open-mqtt", "family": "mqtt", "ruleName": "Open MQTT",
        "ruleVersion": 1, "title": "Open MQTT", "category": "EXPOSED_SERVICE", "severity": "HIGH", "confidence": "VERIFIED",
        "state": state, "riskScore": 70, "riskFactors": [], "evidence": [], "remediation": "Close it.", "openedAt": at,
        "firstObservedAt": at, "lastObservedAt": at, "updatedAt": at, "reopenCount": 0, "revision": 1, "ip": "198.51.100.7",
    }))
    .unwrap()
}

/// A finding in the ledger, with its event.
pub(super) async fn enter(stage: &Stage, number: u32, stands: FindingState, drafts: Vec<Draft>) {
    let organization = org();
    let mut session = stage.bench.open_ledger(&organization, "Acme", Bucket(0)).await.unwrap();
    let finding = a_finding(number, stands, stage.bench.now());
    let entries = vec![Entered { finding, counted: None, chunk: None }];
    session.commit(vec![Decision { entries, drafts, ..Decision::default() }]).await.unwrap();
    stage.drain().await;
}

fn quiet() -> Trigger {
    let hours = QuietHours {
        from: TimeOfDay::hour(7),
        to: TimeOfDay::hour(9),
        after: QuietEnd::Release,
        ..QuietHours::default()
    };
    Trigger { quiet_hours: Some(hours), ..Trigger::default() }
}

#[tokio::test]
async fn what_is_over_when_quiet_hours_end_is_judged_by_how_it_stands_then() {
    let stage = Stage::new();
    stage.mails_when(&["ops@plant.example"], quiet()).await;
    stage.chat(ChatService::PagerDuty, Some(quiet())).await;
    enter(&stage, 1, FindingState::Open, vec![about(FindingOpened, 1, High)]).await;
    enter(&stage, 2, FindingState::FalsePositive, vec![about(FindingOpened, 2, High)]).await;
    stage.pass(3_601);
    stage.drain().await;
    let letter: serde_json::Value = serde_json::from_str(&stage.mailer.mails()[0].text).unwrap();
    assert_eq!(letter["release"]["lines"][0]["title"], "Finding 1");
    assert_eq!(letter["release"]["ended"][0]["title"], "Finding 2");
    assert_eq!(stage.chats.requests().len(), 1, "nobody is woken for what is over");
    let over = stage.deliveries().await.into_iter().find(|d| d.state == DeliveryState::Cancelled).unwrap();
    assert!(over.explanation.unwrap().contains("over"));
}

async fn backfilled(stage: &Stage) -> notify::Channel {
    let new = NewWebhook {
        name: "Tickets".into(),
        url: "https://tickets.example/in".into(),
        backfill_open: true,
        ..NewWebhook::default()
    };
    notify::create_webhook(&stage.bench, &stage.caller, new).await.unwrap().0
}

/// Findings of which two in three are open, each with two events; and a channel that did not know of them.
async fn history() -> Stage {
    let stage = Stage::new();
    for number in 0..9 {
        let stands = if number % 3 == 0 { FindingState::Resolved } else { FindingState::Open };
        let drafts = vec![about(FindingOpened, number, High), about(FindingUpdated, number, High)];
        enter(&stage, number, stands, drafts).await;
    }
    stage.pass(60);
    stage
}

fn of_open(stage: &Stage) -> Vec<usize> {
    let count = |number| {
        let title = format!("Finding {number}\"");
        stage.hooks.requests().iter().filter(|r| r.body.contains(&title)).count()
    };
    (0..9).map(count).collect()
}

#[tokio::test]
async fn a_new_channel_can_be_told_of_what_is_open() {
    let stage = history().await;
    let channel = backfilled(&stage).await;
    stage.drain().await;
    assert_eq!(of_open(&stage), [0, 2, 2, 0, 2, 2, 0, 2, 2]);
    assert_eq!(stage.channel(&channel.id).await.backfill, None);
    for _ in 0..5 {
        stage.minute().await;
    }
    assert_eq!(stage.hooks.requests().len(), 12);
    assert!(stage.is_settled());
}

#[tokio::test]
async fn a_crash_while_a_channel_is_told_of_what_is_open_loses_nothing() {
    for fault in [Fault::Before, Fault::After, Fault::Lost] {
        for at in (1..200).step_by(7) {
            let stage = history().await;
            backfilled(&stage).await;
            stage.bench.tables.fail_at(at, fault);
            let _ = notify::drain(&stage.bench, 100).await;
            stage.bench.tables.heal();
            for _ in 0..20 {
                stage.minute().await;
            }
            let told = of_open(&stage);
            assert!(
                told.iter().enumerate().all(|(n, c)| (n % 3 == 0) == (*c == 0)),
                "{fault:?} at call {at}: {told:?}"
            );
            assert!(told.iter().sum::<usize>() >= 12, "{fault:?} at call {at}: {told:?}");
            assert!(stage.is_settled(), "{fault:?} at call {at}");
        }
    }
}
