use std::time::Duration;

use domain::event::EventType::FindingOpened;
use domain::severity::Severity::High;

use super::stage::{Stage, about, org};
use crate::notify::message::{self, BadMessage};
use crate::notify::{self, DeliveryState, Handled};
use crate::ports::{Queue as _, QueueName, Table};

#[tokio::test]
async fn nonsense_is_dropped_with_a_reason() {
    let stage = Stage::new();
    for (body, expected) in [("{}", BadMessage::Foreign), ("[9,\"route\"]", BadMessage::Version(9))] {
        assert_eq!(notify::handle_message(&stage.bench, body, Some(1)).await.unwrap(), Handled::Dropped(expected));
    }
    stage.bench.queue.put(QueueName::Notifications, "\u{1F600}", Duration::ZERO).await.unwrap();
    stage.drain().await;
    assert_eq!(stage.bench.queue.depth(QueueName::Notifications).await.unwrap(), 0);
}

#[tokio::test]
async fn a_poisoned_attempt_ends_its_delivery_with_an_explanation() {
    let stage = Stage::new();
    stage.webhook(None).await;
    stage.hooks.refuse(500, None);
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    let id = stage.deliveries().await.remove(0).id;
    for number in [1, 2] {
        let body = message::attempt(&org(), &id, number);
        stage.bench.queue.put(QueueName::NotificationsPoison, &body, Duration::ZERO).await.unwrap();
    }
    notify::sweep::sweep(&stage.bench).await.unwrap();
    let delivery = stage.deliveries().await.remove(0);
    assert_eq!(delivery.state, DeliveryState::Exhausted);
    assert!(delivery.explanation.unwrap().contains("Attempt 2"));
    assert_eq!(stage.bench.queue.depth(QueueName::NotificationsPoison).await.unwrap(), 0);
    assert!(stage.is_settled());
    let again = notify::redeliver(&stage.bench, &stage.caller, &id, None).await.unwrap();
    assert_eq!(again.attempts.len(), 2, "by hand it goes on");
}

#[tokio::test]
async fn a_poisoned_event_is_routed_once_more() {
    let stage = Stage::new();
    stage.webhook(None).await;
    stage.bench.queue.set_down(true);
    let event = stage.announce(about(FindingOpened, 1, High)).await;
    stage.bench.queue.set_down(false);
    let body = message::route(&org(), event.id.bucket, event.id.number);
    stage.bench.queue.put(QueueName::NotificationsPoison, &body, Duration::ZERO).await.unwrap();
    stage.bench.queue.put(QueueName::NotificationsPoison, "nonsense", Duration::ZERO).await.unwrap();
    let swept = notify::sweep::sweep(&stage.bench).await.unwrap();
    assert_eq!(swept.settled, 2);
    assert_eq!(stage.arrived(&event).len(), 1);
    assert!(stage.is_settled());
}

#[tokio::test]
async fn a_message_that_keeps_failing_is_given_up_after_five_tries_and_then_settled() {
    let stage = Stage::new();
    stage.webhook(None).await;
    let event = stage.announce(about(FindingOpened, 1, High)).await;
    for _ in 0..5 {
        stage.bench.tables.down_at(1);
        notify::drain(&stage.bench, 10).await.unwrap();
        stage.pass(301);
    }
    stage.bench.tables.heal();
    assert_eq!(stage.bench.queue.depth(QueueName::NotificationsPoison).await.unwrap(), 1);
    notify::sweep::sweep(&stage.bench).await.unwrap();
    assert_eq!(stage.arrived(&event).len(), 1);
}

#[tokio::test]
async fn what_nobody_makes_is_asked_for_again_but_not_every_minute() {
    let stage = Stage::new();
    stage.webhook(None).await;
    stage.bench.queue.set_down(true);
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.bench.queue.set_down(false);
    let mut asked = Vec::new();
    for _ in 0..15 {
        stage.pass(60);
        asked.push(notify::sweep::sweep(&stage.bench).await.unwrap().rerouted);
    }
    assert_eq!(asked.iter().sum::<usize>(), 2, "{asked:?}");
    assert_eq!(asked[0], 0, "not before two minutes");
}

#[tokio::test]
async fn a_mark_goes_when_its_outbox_has_been_empty_for_long() {
    let stage = Stage::new();
    stage.webhook(None).await;
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    stage.minute().await;
    assert_eq!(stage.rows(Table::Schedule, "agenda", "!dirty:"), 1);
    stage.pass(600);
    notify::sweep::sweep(&stage.bench).await.unwrap();
    assert_eq!(stage.rows(Table::Schedule, "agenda", "!dirty:"), 0);
}

#[tokio::test]
async fn where_nothing_is_told_the_poison_queue_is_looked_at_every_ten_minutes() {
    let stage = Stage::new();
    let put = async || stage.bench.queue.put(QueueName::NotificationsPoison, "nonsense", Duration::ZERO).await.unwrap();
    let mut seen = Vec::new();
    put().await;
    for _ in 0..21 {
        let last = stage.bench.now();
        stage.pass(60);
        seen.push(swept(&stage, last).await.settled);
        put().await;
    }
    let looks = seen.iter().filter(|settled| **settled > 0).count();
    assert_eq!((looks, seen.iter().sum::<usize>()), (2, looks_found(&seen)), "{seen:?}");
    // While anything is being told, at once.
    stage.webhook(None).await;
    stage.announce(about(FindingOpened, 1, High)).await;
    let swept = swept(&stage, stage.bench.now()).await;
    assert!(swept.settled > 0);
}

/// As a tick does after one that ended then.
async fn swept(stage: &Stage, last: jiff::Timestamp) -> notify::Swept {
    let agenda = crate::agenda::Agenda::read(&stage.bench).await.unwrap();
    notify::sweep::sweep_marked(&stage.bench, &agenda, Some(last)).await.unwrap()
}

/// All that lay there by the last look.
fn looks_found(seen: &[usize]) -> usize {
    seen.iter().rposition(|settled| *settled > 0).map_or(0, |last| last + 1)
}
