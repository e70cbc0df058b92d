use domain::event::Draft;
use domain::event::EventType::{FindingOpened, FindingResolved, FindingStateChanged, SourceFailing, SourceRecovered};
use domain::event::{Action, Subjects};
use domain::severity::Severity::High;
use domain::trigger::{DecisionReason, GroupBy, QuietEnd, QuietHours, TimeOfDay, Trigger};
use serde_json::{Value, json};

use super::stage::{Stage, about, finding};
use crate::notify::{self, ChannelKind, ChannelStatus, DeliveryState, NewChat};
use crate::ports::{Attempt, AttemptError, ChatService, ChatTarget, Directive};

fn of_cve(kind: domain::event::EventType, number: u32, action: Action) -> Draft {
    let mut draft = Draft { action, ..about(kind, number, High) };
    draft.parts.push(("vulnerabilities", json!([{"cve": "CVE-2021-36260"}])));
    draft
}

fn incidents(stage: &Stage) -> Vec<(String, String)> {
    let body = |text: &str| serde_json::from_str::<Value>(text).unwrap()["incident"].clone();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    stage.chats.requests().iter().map(|r| body(&r.body)).map(|i| (word(&i["key"]), word(&i["action"]))).collect()
}

#[tokio::test]
async fn a_room_gets_what_people_get_and_its_address_is_nowhere_to_be_read() {
    for service in [ChatService::Slack, ChatService::Teams, ChatService::Discord] {
        let stage = Stage::new();
        let channel = stage.chat(service, None).await;
        for number in 1..=3 {
            stage.announce(about(FindingOpened, number, High)).await;
        }
        stage.drain().await;
        stage.pass(31);
        stage.drain().await;
        let requests = stage.chats.requests();
        assert_eq!(requests.len(), 1, "one message for all three");
        assert_eq!(requests[0].target, ChatTarget::Room("https://chat.example/room/s3cret".into()));
        let stored = format!("{:?} {channel:?}", stage.bench.tables.everything());
        assert!(!stored.contains("s3cret"), "the address is a credential");
        let delivery = stage.deliveries().await.remove(0);
        assert_eq!((delivery.state, delivery.body), (DeliveryState::Delivered, requests[0].body.clone()));
    }
}

#[tokio::test]
async fn an_incident_opens_and_closes_by_its_finding_at_once() {
    let stage = Stage::new();
    stage.chat(ChatService::PagerDuty, None).await;
    for (kind, action) in
        [(FindingOpened, Action::Open), (FindingStateChanged, Action::Acknowledge), (FindingResolved, Action::Close)]
    {
        stage.announce(Draft { action, ..about(kind, 1, High) }).await;
    }
    stage.drain().await;
    let key = finding(1).to_string();
    let words: Vec<(String, String)> = incidents(&stage);
    assert_eq!(words.len(), 3);
    for action in ["open", "acknowledge", "close"] {
        assert!(words.contains(&(key.clone(), action.to_owned())), "{words:?}");
    }
}

#[tokio::test]
async fn one_page_per_vulnerability_closes_with_its_last_finding() {
    let stage = Stage::new();
    let grouped = Trigger { group_by: GroupBy::Vulnerability, ..Trigger::default() };
    stage.chat(ChatService::PagerDuty, Some(grouped)).await;
    for (kind, number, action) in [
        (FindingOpened, 1, Action::Open),
        (FindingOpened, 2, Action::Open),
        (FindingResolved, 1, Action::Close),
        (FindingResolved, 2, Action::Close),
    ] {
        stage.announce(of_cve(kind, number, action)).await;
        stage.drain().await;
    }
    let open = ("CVE-2021-36260".to_owned(), "open".to_owned());
    let close = ("CVE-2021-36260".to_owned(), "close".to_owned());
    assert_eq!(incidents(&stage), [open.clone(), open, close]);
    let told = notify::decisions(&stage.bench, &stage.caller, &finding(1)).await.unwrap();
    assert_eq!(told[0].reason, DecisionReason::Summarized);
    assert!(told[0].explanation.contains("still open"));
}

#[tokio::test]
async fn a_source_is_one_incident_from_its_failure_to_its_recovery() {
    let stage = Stage::new();
    stage.chat(ChatService::PagerDuty, None).await;
    for kind in [SourceFailing, SourceRecovered] {
        let parts = vec![("source", json!({"name": "Shodan", "message": "down"}))];
        stage
            .announce(Draft { subjects: Subjects::default(), action: Action::None, parts, ..about(kind, 1, High) })
            .await;
        stage.drain().await;
    }
    let words = incidents(&stage);
    assert_eq!((words[0].1.as_str(), words[1].1.as_str()), ("open", "close"));
    assert_eq!(words[0].0, words[1].0);
}

#[tokio::test]
async fn nobody_is_woken_after_quiet_hours_for_what_is_over() {
    let stage = Stage::new();
    let quiet = QuietHours {
        from: TimeOfDay::hour(7),
        to: TimeOfDay::hour(9),
        after: QuietEnd::Release,
        ..QuietHours::default()
    };
    stage.chat(ChatService::PagerDuty, Some(Trigger { quiet_hours: Some(quiet), ..Trigger::default() })).await;
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    assert_eq!(stage.deliveries().await[0].state, DeliveryState::Held);
    stage.pass(3_601);
    stage.drain().await;
    assert_eq!(stage.chats.requests().len(), 1, "what is not known to be over is told");
}

#[tokio::test]
async fn a_webhook_of_a_room_that_is_gone_switches_the_channel_off() {
    let stage = Stage::new();
    let channel = stage.chat(ChatService::Slack, None).await;
    stage.chats.answer(Attempt {
        status: Some(404),
        duration_ms: 3,
        error: Some(AttemptError::HttpStatus),
        excerpt: Some("no_service".into()),
        retry_after: None,
        directive: Some(Directive::Disable),
    });
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    stage.pass(31);
    stage.drain().await;
    let off = stage.channel(&channel.id).await;
    assert_eq!(off.status(), ChannelStatus::Disabled);
    assert!(off.disabled_reason.unwrap().contains("404"));
}

#[tokio::test]
async fn a_channel_needs_what_its_product_needs() {
    let stage = Stage::new();
    let new = |service, url: Option<&str>, key: Option<&str>| NewChat {
        name: "Room".into(),
        service,
        url: url.map(str::to_owned),
        routing_key: key.map(str::to_owned),
        trigger: None,
        client_request_id: None,
        switched_off: false,
    };
    for bad in [
        new(ChatService::Slack, None, None),
        new(ChatService::Slack, Some("https://chat.example/"), Some("key")),
        new(ChatService::PagerDuty, Some("https://chat.example/"), None),
        new(ChatService::Discord, Some("http://chat.example/"), None),
    ] {
        assert!(notify::create_chat(&stage.bench, &stage.caller, bad).await.is_err());
    }
    let twice = NewChat { client_request_id: Some("once".into()), ..new(ChatService::PagerDuty, None, Some("key")) };
    let first = notify::create_chat(&stage.bench, &stage.caller, twice.clone()).await.unwrap();
    let second = notify::create_chat(&stage.bench, &stage.caller, twice).await.unwrap();
    assert_eq!(first.id, second.id);
    assert!(matches!(second.kind, ChannelKind::Chat { service: ChatService::PagerDuty, .. }));
    assert_eq!(notify::channels(&stage.bench, &stage.caller).await.unwrap().len(), 1);
}
