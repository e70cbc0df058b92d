use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use domain::event::EventType::FindingOpened;
use domain::severity::Severity::{Critical, High};

use super::stage::{Stage, about, org};
use crate::notify;
use crate::ports::{Batch, Commit, Row, RowPage, RowRange, StoreError, Table, Tables};
use crate::testing::{Faulty, MemoryTables};

/// Lets others go first, now and then, before every call: another interleaving per seed.
struct Shuffling {
    tables: Arc<Faulty<MemoryTables>>,
    seed: AtomicU64,
}

impl Shuffling {
    async fn wait(&self) {
        let mut z = self.seed.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        for _ in 0..(z >> 60) {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Tables for Shuffling {
    async fn get(&self, table: Table, partition: &str, key: &str) -> Result<Option<Row>, StoreError> {
        self.wait().await;
        self.tables.get(table, partition, key).await
    }

    async fn get_many(&self, table: Table, partition: &str, keys: &[String]) -> Result<Vec<Option<Row>>, StoreError> {
        self.wait().await;
        self.tables.get_many(table, partition, keys).await
    }

    async fn range(&self, table: Table, partition: &str, range: RowRange) -> Result<RowPage, StoreError> {
        self.wait().await;
        self.tables.range(table, partition, range).await
    }

    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.wait().await;
        self.tables.commit(batch).await
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        self.tables.prepare().await
    }
}

#[tokio::test]
async fn several_at_the_same_events_send_each_of_them_once() {
    for seed in 0..150 {
        let mut stage = Stage::new();
        stage.webhook(None).await;
        stage.webhook(None).await;
        stage.mails(&["ops@plant.example"]).await;
        let mut events = Vec::new();
        for (number, severity) in [(1, High), (2, High), (3, Critical)] {
            events.push(stage.announce(about(FindingOpened, number, severity)).await);
        }
        stage.bench.app.tables = Arc::new(Shuffling { tables: stage.bench.tables.clone(), seed: AtomicU64::new(seed) });
        let organization = org();
        let tasks = (0..9).map(|n| notify::route(&stage.bench, &organization, events[n % 3].id));
        // One that comes too late to be sure says so and leaves the outbox to the sweep; none may fail.
        for routed in futures_util::future::join_all(tasks).await {
            routed.unwrap();
        }
        for _ in 0..15 {
            stage.minute().await;
        }
        for event in &events {
            assert_eq!(stage.arrived(event).len(), 2, "seed {seed}: once to each webhook");
        }
        let mails = stage.mailer.mails();
        for number in 1..=3 {
            let telling = mails.iter().filter(|m| m.text.contains(&format!("Finding {number}"))).count();
            assert_eq!(telling, 1, "seed {seed}: finding {number} in {} mails", mails.len());
        }
        assert!(stage.is_settled(), "seed {seed}");
    }
}

#[tokio::test]
async fn what_comes_at_the_same_time_still_is_one_mail() {
    for seed in 0..150 {
        let mut stage = Stage::new();
        stage.mails(&["ops@plant.example"]).await;
        if seed % 2 == 0 {
            // A window that has closed lies there already.
            stage.announce(about(FindingOpened, 9, High)).await;
            stage.drain().await;
            stage.minute().await;
            stage.mailer.clear();
        }
        let mut events = Vec::new();
        for number in 1..=6 {
            events.push(stage.announce(about(FindingOpened, number, High)).await);
        }
        stage.bench.app.tables = Arc::new(Shuffling { tables: stage.bench.tables.clone(), seed: AtomicU64::new(seed) });
        let organization = org();
        let tasks = events.iter().map(|event| notify::route(&stage.bench, &organization, event.id));
        for routed in futures_util::future::join_all(tasks).await {
            routed.unwrap();
        }
        for _ in 0..15 {
            stage.minute().await;
        }
        let mails = stage.mailer.mails();
        assert_eq!(mails.len(), 1, "seed {seed}");
        assert!((1..=6).all(|n| mails[0].text.contains(&format!("Finding {n}"))), "seed {seed}");
    }
}
