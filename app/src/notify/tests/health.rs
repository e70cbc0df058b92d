use domain::event::EventType::{self, ChannelDisabled, ChannelFailing, ChannelRecovered, FindingOpened};
use domain::severity::Severity::High;

use super::stage::{Stage, about};
use crate::findings::{EventFilter, events_page};
use crate::notify::{self, ChannelChange, ChannelStatus, DeliveryState};
use crate::ports::{Attempt, AttemptError, Directive};
use crate::testing::Fault;

async fn told(stage: &Stage) -> Vec<EventType> {
    let page = events_page(&stage.bench, &stage.caller, &EventFilter::default(), (None, 1_000, false)).await.unwrap();
    let of_channel = |kind: &EventType| matches!(kind, ChannelFailing | ChannelDisabled | ChannelRecovered);
    page.items.into_iter().map(|e| e.kind).filter(of_channel).collect()
}

/// Some hours pass in which an event happens; the timer ticks.
async fn hours(stage: &Stage, number: u32) {
    stage.announce(about(FindingOpened, number, High)).await;
    stage.drain().await;
    for _ in 0..4 {
        stage.pass(3_540);
        stage.minute().await;
    }
}

#[tokio::test]
async fn people_are_warned_after_a_day_and_after_three_and_hear_of_the_end_after_five() {
    let stage = Stage::new();
    let dead = stage.webhook(None).await;
    stage.mails(&["ops@plant.example"]).await;
    stage.hooks.refuse(500, None);
    let mut seen = Vec::new();
    for number in 0..36 {
        hours(&stage, number).await;
        let now = told(&stage).await;
        if now.len() > seen.len() {
            let since = stage.channel(&dead.id).await.failing_since.unwrap();
            seen.push(stage.bench.now().duration_since(since).as_hours());
        }
    }
    assert_eq!(told(&stage).await, [ChannelFailing, ChannelFailing, ChannelDisabled]);
    for (hours, expected) in seen.iter().zip([24, 72, 120]) {
        assert!((expected..=expected + 8).contains(hours), "{seen:?}");
    }
    let off = stage.channel(&dead.id).await;
    assert_eq!(off.status(), ChannelStatus::Disabled);
    assert!(off.failures >= 10 && off.disabled_reason.unwrap().contains("five days"));
    let mails = stage.mailer.mails();
    let about = mails.iter().filter(|m| m.text.contains("\"SIEM\"")).count();
    assert!(about >= 3, "each of the three is told by the other channel");
    let on = ChannelChange { enabled: Some(true), ..ChannelChange::default() };
    notify::update(&stage.bench, &stage.caller, &dead.id, on).await.unwrap();
    stage.hooks.accept();
    hours(&stage, 900).await;
    assert_eq!(told(&stage).await.last(), Some(&ChannelRecovered));
    assert_eq!(stage.channel(&dead.id).await.status(), ChannelStatus::Healthy);
}

#[tokio::test]
async fn a_crash_while_a_channel_is_switched_off_does_not_make_it_silent() {
    let calls = {
        let stage = switched_off().await;
        let before = stage.bench.tables.calls();
        stage.drain().await;
        stage.bench.tables.calls() - before
    };
    for fault in [Fault::Before, Fault::After, Fault::Lost] {
        for at in 1..=calls {
            let stage = switched_off().await;
            stage.bench.tables.fail_at(at, fault);
            let _ = notify::drain(&stage.bench, 100).await;
            stage.bench.tables.heal();
            for _ in 0..20 {
                stage.minute().await;
            }
            let heard = told(&stage).await;
            assert!(heard.contains(&ChannelDisabled), "{fault:?} at call {at} of {calls}: {heard:?}");
            assert!(stage.is_settled(), "{fault:?} at call {at}");
        }
    }
}

/// A receiver that will say that it is gone.
async fn switched_off() -> Stage {
    let stage = Stage::new();
    stage.webhook(None).await;
    stage.hooks.refuse(410, None);
    stage.announce(about(FindingOpened, 1, High)).await;
    stage
}

#[tokio::test]
async fn a_receiver_may_refuse_one_message_for_good_or_all_that_follow() {
    let stage = Stage::new();
    let channel = stage.webhook(None).await;
    let answer = |status, error, directive| Attempt {
        status: Some(status),
        duration_ms: 1,
        error,
        excerpt: None,
        retry_after: None,
        directive: Some(directive),
    };
    stage.hooks.answer(answer(422, Some(AttemptError::HttpStatus), Directive::AbortMessage));
    stage.announce(about(FindingOpened, 1, High)).await;
    stage.drain().await;
    let refused = stage.deliveries().await.remove(0);
    assert_eq!((refused.state, refused.attempts.len()), (DeliveryState::Exhausted, 1));
    assert_eq!(stage.channel(&channel.id).await.status(), ChannelStatus::Healthy);
    stage.hooks.answer(answer(200, None, Directive::Disable));
    stage.announce(about(FindingOpened, 2, High)).await;
    stage.drain().await;
    assert_eq!(stage.channel(&channel.id).await.status(), ChannelStatus::Disabled);
    let taken = stage.deliveries().await.into_iter().find(|d| d.events != refused.events && d.channel == channel.id);
    assert_eq!(taken.unwrap().state, DeliveryState::Delivered, "it was taken all the same");
    assert_eq!(told(&stage).await, [ChannelDisabled]);
    stage.minute().await;
    assert!(stage.is_settled());
}
