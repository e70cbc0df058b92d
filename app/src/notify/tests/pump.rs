use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::event::EventType::FindingOpened;
use domain::severity::Severity::High;

use super::stage::{Stage, about};
use crate::notify::{self, NewWebhook};
use crate::ports::{Attempt, WebhookRequest, Webhooks};
use crate::testing::RecordingWebhooks;

/// One that never answers what comes to `/hole`, until the sender gives up after 15 s.
struct Hole(Arc<RecordingWebhooks>);

#[async_trait]
impl Webhooks for Hole {
    fn check(&self, url: &str) -> Result<(), String> {
        self.0.check(url)
    }

    fn check_header(&self, name: &str, value: &str) -> Result<(), String> {
        self.0.check_header(name, value)
    }

    fn public_key(&self, seed: &[u8; 32]) -> String {
        self.0.public_key(seed)
    }

    async fn send(&self, request: WebhookRequest) -> Attempt {
        if request.url.ends_with("/hole") {
            tokio::time::sleep(Duration::from_secs(15)).await;
        }
        self.0.send(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_a_receiver_does_not_answer_does_not_wait_for_it() {
    let mut stage = Stage::new();
    stage.bench.app.webhooks = Arc::new(Hole(Arc::clone(&stage.hooks)));
    let url = "https://siem.example/hole".to_owned();
    let hole = NewWebhook { name: "Hole".into(), url, ..NewWebhook::default() };
    notify::create_webhook(&stage.bench, &stage.caller, hole).await.unwrap();
    stage.webhook(None).await;
    let began = tokio::time::Instant::now();
    let later = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let second = stage.announce(about(FindingOpened, 2, High)).await;
        while stage.arrived(&second).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        began.elapsed()
    };
    stage.announce(about(FindingOpened, 1, High)).await;
    let (drained, arrived) = tokio::join!(notify::drain(&stage.bench, 100), later);
    assert_eq!(drained.unwrap(), 2, "what came meanwhile is part of it");
    assert!(arrived < Duration::from_millis(1_500), "it waited {arrived:?}");
    assert!(began.elapsed() >= Duration::from_secs(15));
}

#[tokio::test(start_paused = true)]
async fn many_events_for_a_receiver_that_never_answers_hold_up_nobody_else() {
    let mut stage = Stage::new();
    stage.bench.app.webhooks = Arc::new(Hole(Arc::clone(&stage.hooks)));
    let url = "https://siem.example/hole".to_owned();
    let hole = NewWebhook { name: "Hole".into(), url, ..NewWebhook::default() };
    notify::create_webhook(&stage.bench, &stage.caller, hole).await.unwrap();
    stage.webhook(None).await;
    let mut events = Vec::new();
    for number in 1..=30 {
        events.push(stage.announce(about(FindingOpened, number, High)).await);
    }
    let began = tokio::time::Instant::now();
    let arrived = async {
        while events.iter().any(|event| stage.arrived(event).is_empty()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        began.elapsed()
    };
    let (drained, arrived) = tokio::join!(notify::drain(&stage.bench, 1_000), arrived);
    drained.unwrap();
    // A channel is asked ten times a second after a burst of twenty.
    assert!(arrived < Duration::from_secs(4), "the last one waited {arrived:?}");
}
