//! What `app` may rely on, whatever the store: one list of cases, run against both.

mod limits;
mod queues;
mod ranges;
mod refusals;
mod rows;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use app::ports::{Batch, Commit, Op, Queue, Row, Table, Tables, Value};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use storage::Embedded;
use storage::azurite::Azurite;

use super::{MovedClock, azure, batch};

/// A case and what it says.
type Case = (&'static str, fn(&World) -> BoxFuture<'_, ()>);

/// A store to be tried.
struct World {
    tables: Arc<dyn Tables>,
    queue: Arc<dyn Queue>,
    clock: Option<Arc<MovedClock>>,
    partitions: AtomicU32,
}

impl World {
    /// The name of a partition that nobody used before.
    fn partition(&self) -> String {
        format!("p{}-{}", std::process::id(), self.partitions.fetch_add(1, Ordering::Relaxed))
    }

    async fn commit(&self, partition: &str, ops: Vec<Op>) -> Commit {
        self.tables.commit(batch(partition, ops)).await.unwrap()
    }

    async fn done(&self, partition: &str, ops: Vec<Op>) {
        assert_eq!(self.commit(partition, ops).await, Commit::Done);
    }

    async fn refused(&self, batch: Batch) -> app::ports::Refusal {
        match self.tables.commit(batch).await {
            Err(app::ports::StoreError::Refused(refusal)) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }

    async fn get(&self, partition: &str, key: &str) -> Option<Row> {
        self.tables.get(Table::Assets, partition, key).await.unwrap()
    }

    /// The text of the row that `note` writes.
    async fn text(&self, partition: &str, key: &str) -> Option<String> {
        self.get(partition, key).await.map(|row| match row.column("text") {
            Some(Value::Text(text)) => text.clone(),
            other => panic!("{other:?}"),
        })
    }

    /// Lets time pass: moved where there is a clock to move, waited for where there is none.
    async fn pass(&self, seconds: u32) {
        match &self.clock {
            Some(clock) => clock.pass(seconds.into()),
            None => tokio::time::sleep(Duration::from_secs(seconds.into())).await,
        }
    }
}

async fn run(world: World) {
    world.tables.prepare().await.unwrap();
    world.tables.prepare().await.unwrap();
    let mut failed = Vec::new();
    for (says, case) in [rows::CASES, ranges::CASES, limits::CASES, refusals::CASES, queues::CASES].concat() {
        if AssertUnwindSafe(case(&world)).catch_unwind().await.is_err() {
            failed.push(says);
        }
    }
    assert!(failed.is_empty(), "not kept: {failed:#?}");
}

#[tokio::test]
async fn the_embedded_store_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(MovedClock::new());
    let store = Arc::new(Embedded::open(dir.path(), clock.clone()).unwrap());
    run(World { tables: store.clone(), queue: store, clock: Some(clock), partitions: AtomicU32::new(0) }).await;
}

#[tokio::test]
async fn azure_keeps_the_contract() {
    let Some(azurite) = Azurite::start() else { return };
    let store = Arc::new(azure(azurite.connection_string()));
    run(World { tables: store.clone(), queue: store, clock: None, partitions: AtomicU32::new(0) }).await;
}
