use std::sync::Arc;

use domain::event::EventType::FindingOpened;
use domain::severity::Severity::High;

use super::stage::{Stage, about};
use crate::App;
use crate::notify::{self, DeliveryState, Endpoints};

/// What the second of several instances on the same store is made of: it remembers nothing of the first.
fn instance(stage: &Stage) -> App {
    let app = &stage.bench.app;
    App {
        tables: app.tables.clone(),
        queue: app.queue.clone(),
        exposure: app.exposure.clone(),
        research: app.research.clone(),
        scans: app.scans.clone(),
        alerts: app.alerts.clone(),
        exploits: app.exploits.clone(),
        webhooks: app.webhooks.clone(),
        chats: app.chats.clone(),
        mailer: app.mailer.clone(),
        letters: app.letters.clone(),
        clock: app.clock.clone(),
        ids: app.ids.clone(),
        vault: crate::vault::Vault::new(vec![[7; 32]]),
        settings: app.settings.clone(),
        directories: crate::directory::Directories::default(),
        intelligence: Arc::clone(&app.intelligence),
        books: crate::intelligence::Books::default(),
        rulings: crate::judging::Rulings::default(),
        hashing: crate::access::Hashing::default(),
        openid: Arc::clone(&app.openid),
        endpoints: Endpoints::default(),
    }
}

#[tokio::test(start_paused = true)]
async fn three_instances_together_keep_the_rate_of_a_receiver() {
    let stage = Stage::new();
    stage.webhook(None).await;
    let others = [instance(&stage), instance(&stage)];
    for number in 0..900 {
        stage.announce(about(FindingOpened, number, High)).await;
    }
    let mut most = 0;
    for second in 0..120 {
        let before = stage.hooks.requests().len();
        let (a, b, c) = tokio::join!(
            notify::drain(&stage.bench, 200),
            notify::drain(&others[0], 200),
            notify::drain(&others[1], 200)
        );
        a.and(b).and(c).unwrap();
        if second < 60 {
            most = stage.hooks.requests().len();
        }
        assert!(stage.hooks.requests().len() - before <= 20 + 10, "second {second}");
        stage.pass(1);
    }
    assert!(most <= 630, "{most} requests in a minute are more than 105 % of ten a second");
    assert!(most >= 570, "{most} requests in a minute waste its patience");
    assert_eq!(stage.hooks.requests().len(), 900);
    let ids: std::collections::BTreeSet<String> = stage.hooks.requests().into_iter().map(|r| r.id).collect();
    assert_eq!(ids.len(), 900, "each once");
    for _ in 0..5 {
        stage.minute().await;
    }
    assert!(stage.is_settled());
}

#[tokio::test(start_paused = true)]
async fn a_dead_receiver_is_probed_once_a_minute_and_then_gets_everything() {
    let stage = Stage::new();
    stage.webhook(None).await;
    stage.hooks.refuse(503, None);
    for number in 0..100 {
        stage.announce(about(FindingOpened, number, High)).await;
    }
    stage.drain().await;
    let opening = stage.hooks.requests().len();
    assert!(opening <= 5 + 8, "{opening} requests before the breaker opened");
    for _ in 0..60 {
        stage.minute().await;
    }
    let probes = stage.hooks.requests().len() - opening;
    assert!((20..=60).contains(&probes), "{probes} probes in an hour");
    stage.hooks.accept();
    for _ in 0..60 {
        stage.minute().await;
    }
    assert!(stage.rows(crate::ports::Table::Deliveries, "due", "") < 100);
    for _ in 0..24 * 4 {
        stage.pass(900);
        stage.minute().await;
    }
    let open = stage.deliveries().await.into_iter().filter(|d| d.state != DeliveryState::Delivered).count();
    assert_eq!(open, 0);
    let arrived: std::collections::BTreeSet<String> = stage.hooks.requests().into_iter().map(|r| r.id).collect();
    assert_eq!(arrived.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_person_who_asks_gets_the_receivers_answer_whatever_the_breaker_says() {
    let stage = Stage::new();
    let channel = stage.webhook(None).await;
    stage.hooks.refuse(503, None);
    for number in 0..20 {
        stage.announce(about(FindingOpened, number, High)).await;
    }
    stage.drain().await;
    let test =
        notify::test_channel(&stage.bench, &stage.caller, &channel.id, &notify::Sample::default()).await.unwrap();
    assert_eq!(test.attempts.len(), 1);
    assert_eq!(test.attempts[0].status, Some(503));
    let again = notify::redeliver(&stage.bench, &stage.caller, &test.id, None).await.unwrap();
    assert_eq!(again.attempts.len(), 2);
}
