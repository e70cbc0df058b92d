use domain::event::EventType::{ChannelDisabled, FindingOpened};
use domain::severity::Severity::High;
use jiff::Timestamp;

use super::stage::{Stage, about, org};
use crate::notify::{self, Attempted, ChannelStatus, DeliveryId, DeliveryState, WAITS};

#[tokio::test]
async fn the_schedule_is_kept_to_the_second_and_never_early() {
    let stage = Stage::new();
    let channel = stage.webhook(None).await;
    stage.hooks.refuse(500, None);
    let event = stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    let id = DeliveryId::of(&channel.id, event.id);
    let delivery = async || notify::delivery(&stage.bench, &stage.caller, &id).await.unwrap().unwrap();
    let mut at: Vec<Timestamp> = vec![delivery().await.attempts[0].at];
    while let Some(next) = delivery().await.next_attempt_at {
        let made = stage.hooks.requests().len();
        stage.pass(next.duration_since(stage.bench.now()).as_secs() - 1);
        stage.drain().await;
        assert_eq!(stage.hooks.requests().len(), made, "early");
        stage.pass(2);
        stage.drain().await;
        assert_eq!(stage.hooks.requests().len(), made + 1, "not made");
        at.push(delivery().await.attempts[made].at);
    }
    assert_eq!(at.len(), WAITS.len());
    for (index, pair) in at.windows(2).enumerate() {
        let (waited, base) = (pair[1].duration_since(pair[0]).as_secs(), i64::from(WAITS[index + 1]));
        assert!((base..=base + base / 10 + 2).contains(&waited), "attempt {}: {waited} s for {base} s", index + 2);
    }
    let delivery = delivery().await;
    assert_eq!(delivery.state, DeliveryState::Exhausted);
    assert_eq!(delivery.attempts.iter().map(|a| a.number).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    let ids: std::collections::BTreeSet<String> = stage.hooks.requests().into_iter().map(|r| r.id).collect();
    assert_eq!(ids.len(), 1, "one webhook-id over all attempts");
}

#[tokio::test]
async fn the_receiver_may_ask_for_more_time() {
    let stage = Stage::new();
    stage.webhook(None).await;
    stage.hooks.refuse(429, Some(600));
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    let waits = stage.deliveries().await[0].next_attempt_at.unwrap().duration_since(stage.bench.now()).as_secs();
    assert!((600..=660).contains(&waits), "{waits}");
}

#[tokio::test]
async fn a_stale_message_does_nothing() {
    let stage = Stage::new();
    let channel = stage.webhook(None).await;
    stage.hooks.refuse(500, None);
    let event = stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    let id = DeliveryId::of(&channel.id, event.id);
    stage.pass(86_400);
    for stale in [1, 3, 99] {
        assert_eq!(notify::attempt(&stage.bench, &org(), &id, stale).await.unwrap(), Attempted::Stale);
    }
    assert_eq!(stage.hooks.requests().len(), 1);
    stage.hooks.accept();
    let made = notify::attempt(&stage.bench, &org(), &id, 2).await.unwrap();
    assert_eq!(made, Attempted::Made(DeliveryState::Delivered));
    assert_eq!(notify::attempt(&stage.bench, &org(), &id, 3).await.unwrap(), Attempted::Stale);
    let unknown = DeliveryId::of(&channel.id, domain::ids::EventId { number: 99, ..event.id });
    assert_eq!(notify::attempt(&stage.bench, &org(), &unknown, 1).await.unwrap(), Attempted::Unknown);
}

#[tokio::test]
async fn an_early_message_waits_for_its_time() {
    let stage = Stage::new();
    let channel = stage.webhook(None).await;
    stage.hooks.refuse(500, None);
    let event = stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    let id = DeliveryId::of(&channel.id, event.id);
    assert_eq!(notify::attempt(&stage.bench, &org(), &id, 2).await.unwrap(), Attempted::Early);
    assert_eq!(stage.hooks.requests().len(), 1);
}

#[tokio::test]
async fn a_receiver_that_is_gone_switches_its_channel_off_and_others_hear_of_it() {
    let stage = Stage::new();
    let gone = stage.webhook(None).await;
    stage.mails(&["ops@plant.example"]).await;
    stage.hooks.refuse(410, None);
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    assert_eq!(stage.hooks.requests().len(), 1);
    assert_eq!(stage.channel(&gone.id).await.status(), ChannelStatus::Disabled);
    stage.announce(about(FindingOpened, 2, High)).await;
    stage.drain().await;
    assert_eq!(stage.hooks.requests().len(), 1, "nothing more is tried");
    stage.pass(61);
    stage.drain().await;
    let told = stage.mailer.mails().iter().any(|m| m.text.contains(ChannelDisabled.as_str()));
    assert!(told, "the other channel is told");
    assert!(stage.is_settled());
    let exhausted = stage.deliveries().await.into_iter().find(|d| d.channel == gone.id).unwrap();
    assert!(exhausted.explanation.unwrap().contains("410"));
}

#[tokio::test]
async fn failures_show_on_the_channel_until_something_arrives() {
    let stage = Stage::new();
    let channel = stage.webhook(None).await;
    stage.hooks.refuse(503, None);
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    let failing = stage.channel(&channel.id).await;
    assert_eq!((failing.status(), failing.failures), (ChannelStatus::Failing, 1));
    stage.hooks.accept();
    stage.pass(10);
    stage.drain().await;
    let well = stage.channel(&channel.id).await;
    assert_eq!((well.status(), well.failures, well.failing_since), (ChannelStatus::Healthy, 0, None));
}

#[tokio::test]
async fn what_waits_for_a_channel_that_was_switched_off_is_cancelled() {
    let stage = Stage::new();
    let channel = stage.webhook(None).await;
    stage.hooks.refuse(500, None);
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    notify::delete(&stage.bench, &stage.caller, &channel.id).await.unwrap();
    stage.pass(10);
    stage.drain().await;
    assert_eq!(stage.deliveries().await[0].state, DeliveryState::Cancelled);
    assert_eq!(stage.hooks.requests().len(), 1);
    assert_eq!(stage.channel(&channel.id).await.name, "SIEM", "the name stays for history");
    assert!(stage.is_settled());
}

#[tokio::test]
async fn sending_again_keeps_the_id_and_goes_on_by_the_schedule() {
    let stage = Stage::new();
    stage.webhook(None).await;
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    let delivery = stage.deliveries().await.remove(0);
    let again = notify::redeliver(&stage.bench, &stage.caller, &delivery.id, None).await.unwrap();
    assert_eq!((again.state, again.attempts.len()), (DeliveryState::Delivered, 2));
    let requests = stage.hooks.requests();
    assert_eq!((requests.len(), &requests[0].id, &requests[0].body), (2, &requests[1].id, &requests[1].body));
    stage.hooks.refuse(500, None);
    let failed = notify::redeliver(&stage.bench, &stage.caller, &delivery.id, None).await.unwrap();
    assert_eq!(failed.state, DeliveryState::Retrying);
    stage.hooks.accept();
    stage.pass(2_000);
    stage.drain().await;
    assert_eq!(stage.deliveries().await[0].state, DeliveryState::Delivered);
    assert!(stage.is_settled());
}

#[tokio::test]
async fn while_a_secret_changes_both_sign() {
    let stage = Stage::new();
    let channel = stage.webhook(None).await;
    notify::rotate_secret(&stage.bench, &stage.caller, &channel.id, 24).await.unwrap();
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    assert_eq!(stage.hooks.requests()[0].keys.len(), 2);
    stage.pass(25 * 3_600);
    stage.announce(about(FindingOpened, 2, High)).await;
    stage.drain().await;
    assert_eq!(stage.hooks.requests()[1].keys.len(), 1);
    assert_eq!(stage.hooks.requests()[1].keys[0], stage.hooks.requests()[0].keys[0]);
    assert!(notify::rotate_secret(&stage.bench, &stage.caller, &channel.id, 169).await.is_err());
}

/// The second attempt has no outbox row behind it any more: the queue and what is due are all that remembers it.
#[tokio::test]
async fn wherever_a_retry_is_cut_off_it_is_made_within_three_minutes() {
    for at in 1..40 {
        let stage = Stage::new();
        stage.webhook(None).await;
        stage.hooks.refuse(500, None);
        stage.announce(about(FindingOpened, 1, High)).await;
        stage.drain().await;
        stage.hooks.accept();
        stage.pass(6);
        stage.bench.tables.down_at(at);
        let _ = notify::drain(&stage.bench, 100).await;
        stage.bench.tables.heal();
        for _ in 0..3 {
            stage.minute().await;
        }
        let delivery = stage.deliveries().await.remove(0);
        assert_eq!(delivery.state, DeliveryState::Delivered, "cut off at call {at}: {delivery:?}");
        assert!(stage.is_settled(), "cut off at call {at}");
    }
}
