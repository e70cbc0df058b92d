//! How fast a receiver is asked, and whether at all: over all processes, through one row per channel in `limits`.
//!
//! A turn is an instant at which one request may be made; claims move the row on by compare-and-swap, so no two
//! processes get the same turn, and a channel's rate holds however many instances run. After five failures in a row the
//! breaker opens: one probe a minute, and everything else is put off, so that a dead receiver holds up nobody else's
//! deliveries. Never here: which failures end a delivery ([`super::outcome`]), or a channel ([`super::health`]).

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ids::ChannelId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::channel::{Channel, ChannelKind};
use super::delivery::Delivery;
use super::redeliver::BY_HAND;
use crate::ports::{Batch, ChatService, Commit, Etag, Op, StoreError, Table};
use crate::{App, rows};

const PARTITION: &str = "endpoints";
/// So many failures in a row open the breaker.
const OPENS_AFTER: u32 = 5;
/// While it is open, one attempt in so many seconds finds out whether the receiver is back.
const PROBE_EVERY: i64 = 60;
/// What is put off comes back after a minute, then two, at most so many seconds later.
const LONGEST_PUT_OFF: i64 = 600;
/// A turn that comes so soon is waited for; others give the delivery a time.
const SHORT_WAIT_MS: i64 = 1_000;
/// Turns that one compare-and-swap may claim.
const MOST_TURNS: u32 = 10;
/// A turn that was claimed and not taken within this time is void.
const STALE_TURN_MS: i64 = 1_000;
/// A next turn further ahead was written by a clock that is wrong.
const FURTHEST_MS: i64 = 24 * 3_600_000;
/// How often to lose against others before giving up.
const TRIES: u32 = 20;

/// How fast a receiver is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pace {
    /// Milliseconds between two requests.
    interval: i64,
    /// So many may come at once after a pause.
    burst: i64,
}

impl Pace {
    /// Webhooks: ten a second. The chat products: what they take without refusing. Mail has its own queue.
    fn of(kind: &ChannelKind) -> Option<Self> {
        let pace = |interval, burst| Some(Self { interval, burst });
        match kind {
            ChannelKind::Webhook { .. } => pace(100, 20),
            ChannelKind::Email { .. } => None,
            ChannelKind::Chat { service: ChatService::Slack, .. } => pace(1_000, 3),
            ChannelKind::Chat { service: ChatService::Teams | ChatService::Discord, .. } => pace(500, 4),
            ChannelKind::Chat { service: ChatService::PagerDuty, .. } => pace(200, 10),
        }
    }
}

/// What a process remembers of the receivers it asks.
#[derive(Default)]
pub struct Endpoints(Mutex<HashMap<ChannelId, Arc<Lane>>>);

#[derive(Default)]
struct Lane {
    /// Callers that have no turn yet.
    waiting: AtomicU32,
    /// Failures in a row, as they were last read.
    failures: AtomicU32,
    /// Turns that were claimed together with another, for those who wait.
    turns: tokio::sync::Mutex<VecDeque<i64>>,
}

impl Endpoints {
    fn lane(&self, id: &ChannelId) -> Arc<Lane> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.entry(id.clone()).or_default().clone()
    }
}

/// The row of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Endpoint {
    /// Milliseconds since 1970: when the next turn would be if there were no burst.
    next: i64,
    /// Failures in a row.
    failures: u32,
    /// When the breaker lets the next probe through; `None`: it is closed.
    probe_at: Option<Timestamp>,
}

/// May the attempt be made?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Now.
    Go,
    /// At its turn, which is this one's alone.
    Turn(Timestamp),
    /// The receiver does not answer: come back then.
    PutOff(Timestamp),
}

/// Asks for a turn at the channel's receiver.
pub(super) async fn enter(app: &App, channel: &Channel, delivery: &Delivery) -> Result<Entry, StoreError> {
    let Some(pace) = Pace::of(&channel.kind) else { return Ok(Entry::Go) };
    if delivery.asked_by.as_deref() == Some(BY_HAND) {
        return Ok(Entry::Go);
    }
    let lane = app.endpoints.lane(&channel.id);
    let now = app.now().as_millisecond();
    let waiting = Waiting::join(&lane.waiting);
    let mut turns = lane.turns.lock().await;
    let callers = waiting.count();
    drop(waiting);
    turns.retain(|at| *at > now - STALE_TURN_MS);
    let at = match turns.pop_front() {
        Some(at) => at,
        None => match claim(app, channel, delivery, pace, callers, &lane).await? {
            Err(put_off) => return Ok(put_off),
            Ok((first, others)) => {
                turns.extend(others);
                first
            }
        },
    };
    drop(turns);
    let wait = at - now;
    if wait > SHORT_WAIT_MS {
        return Ok(Entry::Turn(Timestamp::from_millisecond(at).unwrap_or(Timestamp::MAX)));
    }
    if wait > 0 {
        tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
    }
    Ok(Entry::Go)
}

/// Turns of our own: the first, and those for others who wait. Err: none now.
async fn claim(
    app: &App,
    channel: &Channel,
    delivery: &Delivery,
    pace: Pace,
    callers: u32,
    lane: &Lane,
) -> Result<Result<(i64, Vec<i64>), Entry>, StoreError> {
    for _ in 0..TRIES {
        let (mut row, etag) = read(app, &channel.id).await?;
        lane.failures.store(row.failures, Ordering::Release);
        let at = app.now();
        let now = at.as_millisecond();
        let mut count = i64::from(callers.clamp(1, MOST_TURNS));
        if let Some(probe_at) = row.probe_at {
            if at < probe_at {
                return Ok(Err(Entry::PutOff(put_off(app, delivery, at))));
            }
            row.probe_at = Some(at + SignedDuration::from_secs(PROBE_EVERY));
            count = 1;
        }
        // Its turn was claimed when it was put off.
        let has_turn = delivery.turn.is_some_and(|turn| turn <= at);
        if has_turn && row.probe_at.is_none() {
            return Ok(Ok((now, Vec::new())));
        }
        let start = if row.next > now + FURTHEST_MS { now } else { row.next.max(now) };
        row.next = start + count * pace.interval;
        if swap(app, &channel.id, row, etag).await? {
            let turn = |n: i64| now.max(start + n * pace.interval - (pace.burst - 1) * pace.interval);
            return Ok(Ok((if has_turn { now } else { turn(0) }, (1..count).map(turn).collect())));
        }
    }
    Ok(Err(Entry::PutOff(app.now() + SignedDuration::from_secs(1))))
}

/// Later each time, and not all at once.
fn put_off(app: &App, delivery: &Delivery, now: Timestamp) -> Timestamp {
    let seconds = (PROBE_EVERY << delivery.put_off.min(8)).min(LONGEST_PUT_OFF);
    let mut bytes = [0; 8];
    app.ids.fill(&mut bytes);
    let spread = u64::from_be_bytes(bytes) % (seconds.unsigned_abs() * 500);
    now + SignedDuration::from_millis(seconds * 1_000 + spread.cast_signed())
}

/// Notes how an attempt went. `answers`: the receiver is there, whatever it said of this message.
pub(super) async fn leave(app: &App, channel: &Channel, answers: bool) {
    if Pace::of(&channel.kind).is_none() {
        return;
    }
    let lane = app.endpoints.lane(&channel.id);
    if answers && lane.failures.load(Ordering::Acquire) == 0 {
        return;
    }
    if let Err(error) = note(app, channel, answers, &lane).await {
        tracing::warn!(channel = %channel.id, %error, "the breaker does not know how the attempt went");
    }
}

async fn note(app: &App, channel: &Channel, answers: bool, lane: &Lane) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let (before, etag) = read(app, &channel.id).await?;
        let mut row = before;
        row.failures = if answers { 0 } else { row.failures.saturating_add(1) };
        row.probe_at = match row.probe_at {
            _ if row.failures < OPENS_AFTER => None,
            None => {
                tracing::warn!(channel = %channel.id, "the receiver does not answer: one probe a minute from now on");
                Some(app.now() + SignedDuration::from_secs(PROBE_EVERY))
            }
            open => open,
        };
        lane.failures.store(row.failures, Ordering::Release);
        if row.probe_at.is_some() {
            lane.turns.lock().await.clear();
        }
        if row == before || swap(app, &channel.id, row, etag).await? {
            return Ok(());
        }
    }
    Ok(())
}

async fn read(app: &App, id: &ChannelId) -> Result<(Endpoint, Option<Etag>), StoreError> {
    match app.tables.get(Table::Limits, PARTITION, id.as_str()).await? {
        Some(row) => Ok((rows::decode(&row)?, Some(row.etag))),
        None => Ok((Endpoint::default(), None)),
    }
}

/// `false`: somebody was faster, or nothing tells; what is claimed anew then is always right.
async fn swap(app: &App, id: &ChannelId, endpoint: Endpoint, etag: Option<Etag>) -> Result<bool, StoreError> {
    let row = rows::encode(id.as_str(), &endpoint)?;
    let op = match etag {
        Some(etag) => Op::Replace(row, etag),
        None => Op::Insert(row),
    };
    let batch = Batch { table: Table::Limits, partition: PARTITION.into(), ops: vec![op], witness: None };
    Ok(app.tables.commit(batch).await? == Commit::Done)
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
