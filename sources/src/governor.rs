//! One request a second per key, over all processes.
//!
//! Who wants to ask claims a turn: an instant at which to ask. The next free instant of each key stands in one row
//! of the table `limits`; a claim moves it on with one compare-and-swap, so no two processes get the same instant.
//! Here belongs nothing else: the governor does not know what is asked, or for whom.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::ports::{Batch, Clock, Commit, Op, Row, SourceError, SourceKey, StoreError, Table, Tables, Value, WriteRow};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

const PARTITION: &str = "turns";
/// Turns that one compare-and-swap may claim.
const MOST_TURNS: u32 = 10;
/// Who would have to wait longer is told so instead.
const LONGEST_WAIT_MS: i64 = 60_000;
/// A next free instant further ahead was written by a clock that is wrong: it must not block the key for ever.
const FURTHEST_MS: i64 = 3_600_000 + LONGEST_WAIT_MS;
/// How often to lose against other processes before giving up.
const MOST_TRIES: u32 = 20;

/// Gives turns. Share one per process; several processes meet in the store.
pub struct Governor {
    tables: Arc<dyn Tables>,
    clock: Arc<dyn Clock>,
    interval_ms: i64,
    lanes: Mutex<HashMap<String, Arc<Lane>>>,
}

/// What this process knows about one key. Instants are milliseconds since 1970.
#[derive(Default)]
struct Lane {
    /// Callers that have no turn yet.
    waiting: AtomicU32,
    /// Turns that somebody said will be wanted one after another.
    announced: AtomicU32,
    /// Turns that were claimed together with another, for those who wait.
    turns: tokio::sync::Mutex<VecDeque<i64>>,
    /// Turns before this are void: Shodan said to slow down.
    void_before: AtomicI64,
}

impl Governor {
    /// A governor that lets `interval` pass between two turns of one key; Shodan asks for a second.
    pub fn new(tables: Arc<dyn Tables>, clock: Arc<dyn Clock>, interval: Duration) -> Self {
        let interval_ms = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).min(LONGEST_WAIT_MS);
        Self { tables, clock, interval_ms, lanes: Mutex::default() }
    }

    /// So many turns with this key will be wanted one after another; 0: no more are. They are claimed some at a time: what is
    /// claimed and not used is lost, to other processes too.
    pub fn announce(&self, key: &SourceKey, turns: u32) {
        self.lane(&row_of(key)).announced.store(turns, Ordering::Release);
    }

    /// Waits for a turn with this key. A caller that gives up waiting loses its turn and hurts nobody.
    ///
    /// # Errors
    /// [`SourceError::RateLimited`] when more than a minute's turns are taken; [`SourceError::Unavailable`] when
    /// the store does not answer: without it nobody knows who else is asking.
    pub async fn turn(&self, key: &SourceKey) -> Result<(), SourceError> {
        let row = row_of(key);
        let lane = self.lane(&row);
        loop {
            let at = self.take(&row, &lane).await?;
            let wait = at.saturating_sub(self.now());
            if wait > 0 {
                tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
            }
            if at >= lane.void_before.load(Ordering::Acquire) {
                return Ok(());
            }
        }
    }

    /// Lets nobody ask with this key for so many seconds: the source said so.
    pub async fn back_off(&self, key: &SourceKey, seconds: u32) {
        let row = row_of(key);
        let until = self.now() + i64::from(seconds) * 1000;
        let lane = self.lane(&row);
        lane.void_before.fetch_max(until, Ordering::AcqRel);
        lane.turns.lock().await.clear();
        let pushed = self.swap(&row, |next| Ok(next.max(until))).await;
        if let Err(error) = pushed {
            // This process holds back in any case; the others will be told by the source themselves.
            tracing::warn!(%error, "the governor could not tell other processes to slow down");
        }
    }

    /// When the next turn with this key is free, without taking it. `None`: the store does not tell.
    pub async fn next_turn(&self, key: &SourceKey) -> Option<Timestamp> {
        let stored = self.tables.get(Table::Limits, PARTITION, &row_of(key)).await.ok()?;
        let now = self.now();
        Timestamp::from_millisecond(next_free(stored.as_ref(), now).max(now)).ok()
    }

    fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    fn lane(&self, row: &str) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.entry(row.to_owned()).or_default().clone()
    }

    /// A turn, from those in hand or newly claimed. As many are claimed at once as callers wait or were announced.
    async fn take(&self, row: &str, lane: &Lane) -> Result<i64, SourceError> {
        let waiting = Waiting::join(&lane.waiting);
        let mut turns = lane.turns.lock().await;
        let callers = waiting.count();
        drop(waiting);
        let now = self.now();
        // Whom it was claimed for is gone, and two late turns at once would be too fast.
        turns.retain(|at| *at >= now);
        let announced = lane.announced.load(Ordering::Acquire);
        // Whoever announced anew in between is right.
        let _ = lane.announced.compare_exchange(
            announced,
            announced.saturating_sub(1),
            Ordering::AcqRel,
            Ordering::Relaxed,
        );
        if let Some(at) = turns.pop_front() {
            return Ok(at);
        }
        let wanted = i64::from(callers.max(announced).clamp(1, MOST_TURNS));
        let first = self.claim(row, wanted, lane.void_before.load(Ordering::Acquire)).await?;
        turns.extend((1..wanted).map(|n| first + n * self.interval_ms));
        Ok(first)
    }

    /// Claims so many turns in a row, none before `earliest`, and returns the first.
    async fn claim(&self, row: &str, turns: i64, earliest: i64) -> Result<i64, SourceError> {
        let next = self
            .swap(row, |next| {
                let next = next.max(earliest);
                let wait = next - self.now();
                if wait > LONGEST_WAIT_MS {
                    let wait_seconds = u32::try_from(wait / 1000).unwrap_or(u32::MAX).max(1);
                    return Err(SourceError::RateLimited { wait_seconds });
                }
                Ok(next + turns * self.interval_ms)
            })
            .await?;
        Ok(next - turns * self.interval_ms)
    }

    /// Replaces the next free instant by what `change` makes of it, and returns that.
    async fn swap(&self, row: &str, change: impl Fn(i64) -> Result<i64, SourceError>) -> Result<i64, SourceError> {
        for _ in 0..MOST_TRIES {
            let stored = self.tables.get(Table::Limits, PARTITION, row).await.map_err(|e| store_error(&e))?;
            let now = self.now();
            let next = change(next_free(stored.as_ref(), now).max(now))?;
            let columns = vec![("v".to_owned(), Value::Int(1)), ("next".to_owned(), Value::Int(next))];
            let write = WriteRow { key: row.to_owned(), columns };
            let op = match stored {
                Some(read) => Op::Replace(write, read.etag),
                None => Op::Insert(write),
            };
            let batch = Batch { table: Table::Limits, partition: PARTITION.into(), ops: vec![op], witness: None };
            // After `Unknown` the turns may be ours or not: claiming others is always right.
            if self.tables.commit(batch).await.map_err(|e| store_error(&e))? == Commit::Done {
                return Ok(next);
            }
        }
        Err(SourceError::RateLimited { wait_seconds: 1 })
    }
}

impl std::fmt::Debug for Governor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Governor").field("interval_ms", &self.interval_ms).finish_non_exhaustive()
    }
}

/// Counts a caller among those who wait, until it is dropped.
struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn join(waiting: &'a AtomicU32) -> Self {
        waiting.fetch_add(1, Ordering::AcqRel);
        Self(waiting)
    }

    fn count(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn next_free(stored: Option<&Row>, now: i64) -> i64 {
    match stored.and_then(|row| row.column("next")) {
        Some(Value::Int(next)) if *next <= now.saturating_add(FURTHEST_MS) => *next,
        _ => now,
    }
}

/// The key itself is never stored.
fn row_of(key: &SourceKey) -> String {
    match key {
        SourceKey::Shodan(key) => format!("{:x}", Sha256::digest(key)),
        SourceKey::InternetDb => "internetdb".into(),
    }
}

fn store_error(error: &StoreError) -> SourceError {
    SourceError::Unavailable(format!("no turn could be claimed: {error}"))
}
