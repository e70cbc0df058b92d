use domain::event::EventType::FindingOpened;
use domain::severity::Severity::{High, Low};
use domain::trigger::{DecisionReason, Trigger};
use jiff::{SignedDuration, Timestamp};

use super::stage::{Stage, about, finding};
use crate::notify::{self, Channel, ChannelChange, DeliveryState, NewReplay, NewWebhook, Sample, Signature};
use crate::ports::SigningKey;

fn span(stage: &Stage, channel: &Channel, only_failed: bool, request: Option<&str>) -> NewReplay {
    let since: Timestamp = stage.bench.now() - SignedDuration::from_hours(30 * 24);
    let client_request_id = request.map(str::to_owned);
    NewReplay { channel: channel.id.clone(), since, until: None, only_failed, client_request_id }
}

async fn replay(stage: &Stage, new: NewReplay) -> usize {
    notify::replay(&stage.bench, &stage.caller, new).await.unwrap()
}

async fn switch(stage: &Stage, channel: &Channel, on: bool) {
    let change = ChannelChange { enabled: Some(on), ..ChannelChange::default() };
    notify::update(&stage.bench, &stage.caller, &channel.id, change).await.unwrap();
}

#[tokio::test]
async fn what_failed_and_what_was_missed_is_told_again_once_under_the_ids_that_it_had() {
    let stage = Stage::new();
    let channel = stage.webhook(Some(Trigger { min_severity: High, ..Trigger::default() })).await;
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    stage.hooks.refuse(500, None);
    stage.announce(about(FindingOpened, 2, High)).await;
    stage.drain().await;
    // Switched off: what waits is given up, what comes is missed.
    switch(&stage, &channel, false).await;
    stage.pass(10);
    stage.announce(about(FindingOpened, 3, High)).await;
    stage.announce(about(FindingOpened, 4, Low)).await;
    stage.drain().await;
    stage.pass(1);
    assert!(
        notify::replay(&stage.bench, &stage.caller, span(&stage, &channel, true, None)).await.is_err(),
        "it is off"
    );
    switch(&stage, &channel, true).await;
    stage.hooks.accept();
    let before = stage.hooks.requests();
    assert_eq!(replay(&stage, span(&stage, &channel, true, Some("again"))).await, 2);
    assert_eq!(replay(&stage, span(&stage, &channel, true, Some("again"))).await, 2, "the first answer again");
    stage.drain().await;
    let after = stage.hooks.requests().split_off(before.len());
    assert_eq!(after.len(), 2, "the one that failed and the one that was missed");
    assert_eq!(after.iter().filter(|r| r.id == before[1].id).count(), 1);
    let told = notify::decisions(&stage.bench, &stage.caller, &finding(3)).await.unwrap();
    assert_eq!(told[0].reason, DecisionReason::Delivered);
    let told = notify::decisions(&stage.bench, &stage.caller, &finding(4)).await.unwrap();
    assert_eq!(told[0].reason, DecisionReason::ChannelDisabled, "the trigger does not want it anyhow");
    stage.pass(1);
    assert_eq!(replay(&stage, span(&stage, &channel, true, None)).await, 0, "nothing is left that failed");
    assert_eq!(replay(&stage, span(&stage, &channel, false, None)).await, 3, "everything");
    stage.drain().await;
    let all = stage.hooks.requests();
    let ids: std::collections::BTreeSet<&String> = all.iter().map(|r| &r.id).collect();
    assert_eq!(ids.len(), 3);
    for _ in 0..5 {
        stage.minute().await;
    }
    assert!(stage.is_settled());
}

#[tokio::test]
async fn asking_for_a_delivery_again_twice_with_one_id_is_asking_once() {
    let stage = Stage::new();
    stage.webhook(None).await;
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    let id = stage.deliveries().await.remove(0).id;
    for _ in 0..3 {
        let sent = notify::redeliver(&stage.bench, &stage.caller, &id, Some("once")).await.unwrap();
        assert_eq!(sent.state, DeliveryState::Delivered);
    }
    assert_eq!(stage.hooks.requests().len(), 2);
    stage.pass(25 * 3_600);
    notify::redeliver(&stage.bench, &stage.caller, &id, Some("once")).await.unwrap();
    assert_eq!(stage.hooks.requests().len(), 3, "a day later it is another request");
    assert!(notify::redeliver(&stage.bench, &stage.caller, &id, Some("")).await.is_err());
}

#[tokio::test]
async fn a_test_shows_what_an_event_looks_like() {
    let stage = Stage::new();
    let channel = stage.webhook(None).await;
    stage.announce(about(FindingOpened, 7, High)).await;
    stage.drain().await;
    let sample = Sample { event_type: Some(FindingOpened), finding: Some(finding(7)) };
    let sent = notify::test_channel(&stage.bench, &stage.caller, &channel.id, &sample).await.unwrap();
    assert_eq!(sent.attempts[0].status, Some(200));
    let body: serde_json::Value = serde_json::from_str(&stage.hooks.requests()[1].body).unwrap();
    assert_eq!((&body["type"], &body["data"]["test"]), (&"finding.opened".into(), &true.into()));
    assert_eq!(body["data"]["finding"]["title"], "Finding 7");
    let missing = Sample { event_type: None, finding: Some(finding(8)) };
    assert!(notify::test_channel(&stage.bench, &stage.caller, &channel.id, &missing).await.is_err());
}

#[tokio::test]
async fn ed25519_needs_no_secret_at_the_receiver_and_rotates_like_any_other() {
    let stage = Stage::new();
    let new = NewWebhook {
        name: "SIEM".into(),
        url: "https://siem.example/in".into(),
        signature: Signature::Ed25519,
        client_request_id: Some("once".into()),
        ..NewWebhook::default()
    };
    let (channel, secret) = notify::create_webhook(&stage.bench, &stage.caller, new.clone()).await.unwrap();
    let (again, _) = notify::create_webhook(&stage.bench, &stage.caller, new).await.unwrap();
    assert_eq!((secret, &again.id), (None, &channel.id));
    let public = notify::public_key(&stage.bench, &stage.caller.org, &channel).unwrap().unwrap();
    assert!(public.starts_with("whpk_"));
    notify::rotate_secret(&stage.bench, &stage.caller, &channel.id, 1).await.unwrap();
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    let keys = stage.hooks.requests()[0].keys.clone();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| matches!(key, SigningKey::Ed25519(_))));
    let now = stage.channel(&channel.id).await;
    assert_ne!(notify::public_key(&stage.bench, &stage.caller.org, &now).unwrap().unwrap(), public);
}

#[tokio::test]
async fn a_secret_that_is_asked_for_twice_is_the_same_one() {
    let stage = Stage::new();
    let new = NewWebhook {
        name: "SIEM".into(),
        url: "https://siem.example/in".into(),
        client_request_id: Some("once".into()),
        ..NewWebhook::default()
    };
    let first = notify::create_webhook(&stage.bench, &stage.caller, new.clone()).await.unwrap();
    let second = notify::create_webhook(&stage.bench, &stage.caller, new).await.unwrap();
    assert_eq!((first.0.id, first.1), (second.0.id, second.1));
}
