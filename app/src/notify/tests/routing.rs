use domain::event::EventType::{
    AssetFirstPolled, FindingOpened, FindingResolved, FindingSeverityChanged, ServiceOpened,
};
use domain::event::{Draft, Subjects};
use domain::finding::FindingState;
use domain::severity::Severity::{Critical, High, Low, Medium};
use domain::trigger::{DecisionReason, Trigger};
use serde_json::json;

use super::stage::{Stage, about, finding, org};
use crate::notify::{self, DeliveryForm, DeliveryId, DeliveryState, Routed};
use crate::ports::Table;

async fn reasons(stage: &Stage, number: u32) -> Vec<DecisionReason> {
    let told = notify::decisions(&stage.bench, &stage.caller, &finding(number)).await.unwrap();
    told.into_iter().map(|t| t.reason).collect()
}

#[tokio::test]
async fn an_event_reaches_a_machine_once_under_its_own_id() {
    let stage = Stage::new();
    let channel = stage.webhook(None).await;
    let event = stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    let arrived = stage.arrived(&event);
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0].id, DeliveryId::of(&channel.id, event.id).to_string());
    assert!(arrived[0].body.contains(r#""type":"finding.opened""#));
    assert_eq!(arrived[0].keys.len(), 1);
    assert!(stage.is_settled());
    assert_eq!(reasons(&stage, 1).await, [DecisionReason::Delivered]);
}

#[tokio::test]
async fn routing_again_changes_nothing_and_sends_nothing() {
    let stage = Stage::new();
    stage.webhook(None).await;
    let event = stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    let before = stage.bench.tables.everything();
    for _ in 0..3 {
        assert_eq!(notify::route(&stage.bench, &org(), event.id).await.unwrap(), Routed::Done);
    }
    assert_eq!(stage.bench.tables.everything(), before);
    assert_eq!(stage.hooks.requests().len(), 1);
}

#[tokio::test]
async fn a_channel_that_is_not_told_learns_why() {
    let stage = Stage::new();
    stage.webhook(Some(Trigger { min_severity: High, ..Trigger::default() })).await;
    stage.announce(about(FindingOpened, 1, Low)).await;
    stage.drain().await;
    assert_eq!(reasons(&stage, 1).await, [DecisionReason::BelowSeverity]);
    assert!(stage.hooks.requests().is_empty());
}

#[tokio::test]
async fn a_channel_is_not_told_of_what_happened_before_it() {
    let stage = Stage::new();
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.pass(1);
    stage.webhook(None).await;
    stage.drain().await;
    assert_eq!(reasons(&stage, 1).await, [DecisionReason::ChannelNewer]);
}

#[tokio::test]
async fn who_was_told_of_the_start_is_told_of_the_end() {
    let stage = Stage::new();
    stage.webhook(Some(Trigger { min_severity: High, event_types: vec![FindingOpened], ..Trigger::default() })).await;
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    let lowered = stage.announce(about(FindingSeverityChanged, 1, Low)).await;
    let resolved = stage.announce(about(FindingResolved, 1, Low)).await;
    let other = stage.announce(about(FindingResolved, 2, High)).await;
    stage.drain().await;
    assert_eq!((stage.arrived(&lowered).len(), stage.arrived(&resolved).len()), (1, 1));
    assert!(stage.arrived(&other).is_empty(), "it never heard of that one");
}

#[tokio::test]
async fn what_was_decided_on_before_it_opened_is_not_told() {
    let stage = Stage::new();
    stage.webhook(None).await;
    let mut draft = about(FindingOpened, 1, High);
    draft.subjects.state = Some(FindingState::Accepted);
    stage.announce(draft).await;
    stage.drain().await;
    assert_eq!(reasons(&stage, 1).await, [DecisionReason::Triaged]);
}

#[tokio::test]
async fn people_get_what_comes_within_half_a_minute_in_one_mail() {
    let stage = Stage::new();
    stage.mails(&["ops@plant.example"]).await;
    for number in 1..=3 {
        stage.announce(about(FindingOpened, number, Medium)).await;
        stage.drain().await;
        stage.pass(9);
    }
    stage.drain().await;
    assert!(stage.mailer.mails().is_empty(), "the window is open");
    stage.pass(5);
    stage.drain().await;
    let mails = stage.mailer.mails();
    assert_eq!(mails.len(), 1);
    assert!((1..=3).all(|n| mails[0].text.contains(&format!("Finding {n}"))));
    stage.announce(about(FindingOpened, 4, Medium)).await;
    stage.drain().await;
    stage.pass(200);
    stage.drain().await;
    assert_eq!(stage.mailer.mails().len(), 1, "the next one does not come within five minutes");
    stage.pass(101);
    stage.drain().await;
    assert_eq!(stage.mailer.mails().len(), 2, "what comes later is another mail");
    assert!(stage.is_settled());
}

#[tokio::test]
async fn a_critical_finding_closes_the_window_at_once() {
    let stage = Stage::new();
    stage.mails(&["ops@plant.example"]).await;
    stage.announce(about(FindingOpened, 1, Medium)).await;
    stage.drain().await;
    stage.announce(about(FindingOpened, 2, Critical)).await;
    stage.drain().await;
    let mails = stage.mailer.mails();
    assert_eq!(mails.len(), 1, "both in one mail, without waiting");
    assert!(mails[0].text.contains("Finding 1") && mails[0].text.contains("Finding 2"));
    for _ in 0..5 {
        stage.minute().await;
    }
    assert_eq!(stage.mailer.mails().len(), 1, "the window's own message finds nothing to do");
    assert!(stage.is_settled());
}

fn first_poll(kind: domain::event::EventType, number: u32) -> Draft {
    Draft { first_poll: true, ..about(kind, number, High) }
}

#[tokio::test]
async fn a_first_poll_is_one_mail_to_people_and_every_event_to_machines() {
    let stage = Stage::new();
    stage.mails(&["ops@plant.example"]).await;
    stage.webhook(None).await;
    for number in 1..=4 {
        stage.announce(first_poll(FindingOpened, number)).await;
    }
    stage.announce(Draft { subjects: Subjects::default(), ..first_poll(ServiceOpened, 9) }).await;
    let worst = json!([{"id": finding(1), "title": "Finding 1", "severity": "HIGH", "riskScore": 70, "ip": "203.0.113.7", "port": 80}]);
    let summary = json!({"counts": {"critical": 0, "high": 4}, "services": 1, "worst": worst});
    let done = Draft {
        subjects: Subjects::default(),
        parts: vec![("asset", json!({"id": "asset_x", "name": "Pump"})), ("summary", summary)],
        ..first_poll(AssetFirstPolled, 0)
    };
    stage.announce(done).await;
    stage.drain().await;
    assert_eq!(stage.hooks.requests().len(), 6);
    let mails = stage.mailer.mails();
    assert_eq!((mails.len(), mails[0].subject.as_str()), (1, "firstPoll"));
    assert!(mails[0].text.contains(r#"["HIGH",4]"#) && mails[0].text.contains("203.0.113.7:80"), "{}", mails[0].text);
    let mut of_finding = reasons(&stage, 1).await;
    of_finding.sort_by_key(|r| format!("{r:?}"));
    assert_eq!(of_finding, [DecisionReason::Delivered, DecisionReason::Summarized]);
    let resolved = stage.announce(about(FindingResolved, 1, High)).await;
    stage.drain().await;
    stage.pass(31);
    stage.drain().await;
    assert_eq!(stage.mailer.mails().len(), 2, "who got the summary is told of the end");
    assert_eq!(stage.arrived(&resolved).len(), 1);
    assert!(stage.is_settled());
}

#[tokio::test]
async fn a_first_poll_that_found_nothing_is_no_mail() {
    let stage = Stage::new();
    stage.mails(&["ops@plant.example"]).await;
    let summary = json!({"counts": {"critical": 0, "high": 0}, "services": 1, "worst": []});
    let done =
        Draft { subjects: Subjects::default(), parts: vec![("summary", summary)], ..first_poll(AssetFirstPolled, 0) };
    stage.announce(done).await;
    stage.drain().await;
    assert!(stage.mailer.mails().is_empty());
}

#[tokio::test]
async fn a_test_goes_to_its_channel_alone_and_answers_at_once() {
    let stage = Stage::new();
    let (channel, people) = (stage.webhook(None).await, stage.mails(&["ops@plant.example"]).await);
    stage.webhook(None).await;
    let delivery =
        notify::test_channel(&stage.bench, &stage.caller, &channel.id, &notify::Sample::default()).await.unwrap();
    assert_eq!(delivery.state, DeliveryState::Delivered);
    assert!(stage.hooks.requests()[0].body.contains(r#""type":"test.ping""#));
    let mail = notify::test_channel(&stage.bench, &stage.caller, &people.id, &notify::Sample::default()).await.unwrap();
    assert_eq!((mail.state, mail.form), (DeliveryState::Delivered, DeliveryForm::Letter));
    stage.drain().await;
    assert_eq!((stage.hooks.requests().len(), stage.mailer.mails().len()), (1, 1));
    assert_eq!(stage.mailer.mails()[0].subject, "test");
}

#[tokio::test]
async fn a_test_of_a_channel_that_is_off_says_so() {
    let stage = Stage::new();
    let channel = stage.webhook(None).await;
    let off = notify::ChannelChange { enabled: Some(false), ..Default::default() };
    notify::update(&stage.bench, &stage.caller, &channel.id, off).await.unwrap();
    let error =
        notify::test_channel(&stage.bench, &stage.caller, &channel.id, &notify::Sample::default()).await.unwrap_err();
    assert!(error.to_string().contains("switched off"), "{error}");
}

#[tokio::test]
async fn nobody_reads_another_organizations_deliveries() {
    let mut stage = Stage::new();
    stage.webhook(None).await;
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    let id = stage.deliveries().await.remove(0).id;
    stage.caller.org = domain::ids::OrgId::from_ulid("01J8ZQ4W3E9V6T5R2P1N0M8K7J").unwrap();
    assert!(stage.deliveries().await.is_empty());
    assert!(notify::delivery(&stage.bench, &stage.caller, &id).await.unwrap().is_none());
    assert!(notify::redeliver(&stage.bench, &stage.caller, &id, None).await.is_err());
    assert!(notify::channels(&stage.bench, &stage.caller).await.unwrap().is_empty());
}

#[tokio::test]
async fn lists_page_through_everything_once_newest_first() {
    let stage = Stage::new();
    let channel = stage.webhook(None).await;
    for number in 1..=25 {
        stage.announce(about(FindingOpened, number, High)).await;
        stage.pass(1);
    }
    stage.drain().await;
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let filter = notify::DeliveryFilter { channel: Some(channel.id.clone()), ..Default::default() };
        let page = notify::deliveries(&stage.bench, &stage.caller, &filter, 10, after.as_deref()).await.unwrap();
        seen.extend(page.items.iter().map(|(_, d)| (d.created_at, d.id.clone())));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted_by(|a, b| a.0 >= b.0));
    let of_one = notify::DeliveryFilter { finding: Some(finding(7)), ..Default::default() };
    let page = notify::deliveries(&stage.bench, &stage.caller, &of_one, 10, None).await.unwrap();
    assert_eq!(page.items.len(), 1);
    let failed = notify::DeliveryFilter { states: vec![DeliveryState::Exhausted], ..Default::default() };
    assert!(notify::deliveries(&stage.bench, &stage.caller, &failed, 10, None).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn no_secret_lies_open_in_the_store() {
    let stage = Stage::new();
    let new = notify::NewWebhook {
        name: "SIEM".into(),
        url: "https://siem.example/in".into(),
        headers: vec![("X-Api-Key".into(), "header-s3cret".into())],
        ..Default::default()
    };
    let (channel, secret) = notify::create_webhook(&stage.bench, &stage.caller, new).await.unwrap();
    let secret = secret.unwrap();
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    assert_eq!(stage.hooks.requests()[0].headers, [("X-Api-Key".to_owned(), "header-s3cret".to_owned())]);
    let everything = format!("{:?} {channel:?}", stage.bench.tables.everything());
    assert!(secret.starts_with("whsec_") && !everything.contains(secret.trim_start_matches("whsec_")));
    assert!(!everything.contains("header-s3cret"));
    assert_eq!(stage.rows(Table::Deliveries, org().as_str(), "delivery_"), 1);
}
