//! What crashes left behind: the tick looks at every outbox that may hold something, at what is overdue, and at the
//! poison queue. All of it bounded; what a tick does not reach, the next one does.

use domain::ids::{Bucket, ChannelId, OrgId};
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::delivery::DeliveryId;
use super::route::put_attempt;
use super::shelf::{self, DUE};
use super::{health, message, poison, registry};
use crate::agenda::{self, Agenda, Mark};
use crate::ports::{Batch, Op, QueueName, Row, RowRange, StoreError, Table, Value, WriteRow};
use crate::{App, Error, ledger};

/// What should have been done so long ago was forgotten.
const LATE: SignedDuration = SignedDuration::from_mins(2);
/// What was asked for again is not asked for once more for so long: the queue may be slow.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// Outboxes that a tick looks at.
const OUTBOXES: usize = 500;
/// Events of one outbox that a tick looks at.
const EVENTS: usize = 300;
/// Overdue attempts that a tick reads at once; so many it asks for again at most, give or take a page.
const OVERDUE: usize = 300;
/// Pages of them that a tick reads.
const PAGES: usize = 20;
/// Where nothing is being told, the poison queue is looked at so often.
const POISON_SECONDS: i64 = 600;
/// Reads side by side.
const SIDE_BY_SIDE: usize = 8;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Events whose routing was asked for again.
    pub rerouted: usize,
    /// Attempts that were asked for again.
    pub retried: usize,
    /// Poisoned messages that were settled.
    pub settled: usize,
}

/// Sweeps once. Trouble with one thing keeps no other from being swept; the first trouble is the answer, and comes
/// up again.
pub async fn sweep(app: &App) -> Result<Swept, Error> {
    sweep_marked(app, &Agenda::read(app).await?, None).await
}

/// The same, where the agenda was read already, after a sweep that ended at `last`. What was marked since is the next
/// sweep's. A look at a queue costs eleven times what one at a table does, so the poison queue, which is empty as good as
/// always, is looked at every ten minutes, and at once while anything is being told.
pub(crate) async fn sweep_marked(app: &App, agenda: &Agenda, last: Option<Timestamp>) -> Result<Swept, Error> {
    let marks: Vec<&Row> = agenda.marks(Mark::Dirty).take(OUTBOXES).collect();
    let turn = |at: Timestamp| at.as_second().div_euclid(POISON_SECONDS);
    let looks = !marks.is_empty() || last.is_none_or(|last| turn(last) != turn(app.now()));
    let poisoned = async { if looks { poison::settle(app).await } else { Ok(0) } };
    let (rerouted, retried, settled) = tokio::join!(outboxes(app, &marks), overdue(app), poisoned);
    Ok(Swept { rerouted: rerouted?, retried: retried?, settled: settled? })
}

async fn outboxes(app: &App, marks: &[&Row]) -> Result<usize, StoreError> {
    let tasks = marks.iter().map(|mark| outbox(app, mark));
    let results: Vec<_> =
        futures_util::stream::iter(tasks.collect::<Vec<_>>()).buffer_unordered(SIDE_BY_SIDE).collect().await;
    results.into_iter().sum()
}

/// One outbox: asks again for what lies there too long; takes the mark away once nothing does.
async fn outbox(app: &App, mark: &Row) -> Result<usize, StoreError> {
    let Some((org, bucket)) = Mark::Dirty.about(mark).and_then(parse_mark) else {
        tracing::error!(mark = mark.key, "no outbox has such a name");
        return Ok(0);
    };
    let partition = ledger::partition(&org, bucket);
    let page = app.tables.range(Table::Exposure, &partition, RowRange::prefix("o|", EVENTS)).await?;
    let now = app.now();
    if page.rows.is_empty() {
        if agenda::written(mark).is_none_or(|at| now.duration_since(at) > PATIENCE) {
            // Only the mark that was read: an event may be on its way, and marks before it is stored.
            agenda::dismiss(app, mark).await?;
        }
        return Ok(0);
    }
    let mut asked = 0;
    for row in page.rows.iter().filter(|row| is_late(row, agenda::written(row), now)) {
        let Some(number) = row.key.strip_prefix("o|").and_then(|n| n.parse().ok()) else { continue };
        app.queue
            .put(QueueName::Notifications, &message::route(&org, bucket, number), std::time::Duration::ZERO)
            .await?;
        note_asked(app, Table::Exposure, &partition, row, now).await;
        asked += 1;
    }
    Ok(asked)
}

async fn overdue(app: &App) -> Result<usize, StoreError> {
    let now = app.now();
    let late = now - LATE;
    let to = Some(format!("{:013}", late.as_millisecond().max(0)));
    let mut range = RowRange { from: String::new(), to, limit: OVERDUE };
    let mut asked = 0;
    // What was asked for just now still lies in front; there may be more behind it.
    for _ in 0..PAGES {
        let page = app.tables.range(Table::Deliveries, DUE, range.clone()).await?;
        let tasks = page.rows.iter().map(|note| overdue_one(app, note, now));
        let results: Vec<_> =
            futures_util::stream::iter(tasks.collect::<Vec<_>>()).buffer_unordered(SIDE_BY_SIDE).collect().await;
        asked += results.into_iter().sum::<Result<usize, StoreError>>()?;
        match page.next {
            Some(next) if asked < OVERDUE => range.from = next,
            _ => break,
        }
    }
    Ok(asked)
}

/// One overdue note: takes a stale one away, asks again for an attempt that nobody makes.
async fn overdue_one(app: &App, note: &Row, now: Timestamp) -> Result<usize, StoreError> {
    let Some((at, org, whose)) = parse_due(&note.key) else {
        tracing::error!(note = note.key, "no attempt has such a name");
        return Ok(0);
    };
    let id = match whose {
        Whose::Delivery(id) => id,
        Whose::Channel(id) => return chores(app, &org, &id, at).await,
    };
    let delivery = match shelf::read(app, &org, &id).await? {
        Some((delivery, _)) if delivery.next_attempt_at == Some(at) => delivery,
        // Made, moved, or never stored: then its event still lies in the outbox and makes its own note.
        _ => {
            shelf::forget_due(app, &org, &id, at).await;
            return Ok(0);
        }
    };
    if delivery.is_leased(now) || !is_late(note, None, now) {
        return Ok(0);
    }
    put_attempt(app, &org, &delivery, now).await;
    note_asked(app, Table::Deliveries, DUE, note, now).await;
    Ok(1)
}

/// What a crash kept from being said of a channel, or from being asked for it.
async fn chores(app: &App, org: &OrgId, id: &ChannelId, at: Timestamp) -> Result<usize, StoreError> {
    let Some((channel, _)) = registry::read(app, org, id).await? else {
        shelf::forget_due(app, org, id, at).await;
        return Ok(0);
    };
    if let Err(error) = health::settle(app, org, &channel).await {
        tracing::warn!(channel = %id, %error, "what is to be announced of a channel waits for the next tick");
        return Ok(0);
    }
    if channel.backfill.is_some() {
        app.queue.put(QueueName::Notifications, &message::backfill(org, id), std::time::Duration::ZERO).await?;
    }
    shelf::forget_due(app, org, id, at).await;
    Ok(usize::from(channel.backfill.is_some()))
}

/// Too old, and not asked for again just now?
fn is_late(row: &Row, written: Option<Timestamp>, now: Timestamp) -> bool {
    let asked = time(row, "asked").is_none_or(|at| now.duration_since(at) > PATIENCE);
    asked && written.is_none_or(|at| now.duration_since(at) > LATE)
}

/// Remembers in the row itself that it was asked for again. If that fails, it is asked for once more than needed.
async fn note_asked(app: &App, table: Table, partition: &str, row: &Row, now: Timestamp) {
    let mut columns = row.columns.clone();
    columns.retain(|(name, _)| name != "asked");
    columns.push(("asked".into(), Value::Int(now.as_millisecond())));
    let op = Op::Replace(WriteRow { key: row.key.clone(), columns }, row.etag.clone());
    let batch = Batch { table, partition: partition.to_owned(), ops: vec![op], witness: None };
    if let Err(error) = app.tables.commit(batch).await {
        tracing::debug!(%error, "what was asked for again is not noted");
    }
}

fn time(row: &Row, column: &str) -> Option<Timestamp> {
    match row.column(column) {
        Some(Value::Int(millis)) => Timestamp::from_millisecond(*millis).ok(),
        _ => None,
    }
}

fn parse_mark(key: &str) -> Option<(OrgId, Bucket)> {
    let (org, bucket) = key.split_once(':')?;
    Some((org.parse().ok()?, Bucket(u8::from_str_radix(bucket, 16).ok()?)))
}

/// Of what something is due.
enum Whose {
    Delivery(DeliveryId),
    Channel(ChannelId),
}

fn parse_due(key: &str) -> Option<(Timestamp, OrgId, Whose)> {
    let mut parts = key.splitn(3, ':');
    let millis = parts.next()?.parse().ok()?;
    let (org, id) = (parts.next()?.parse().ok()?, parts.next()?);
    let whose = match id.parse() {
        Ok(delivery) => Whose::Delivery(delivery),
        Err(_) => Whose::Channel(id.parse().ok()?),
    };
    Some((Timestamp::from_millisecond(millis).ok()?, org, whose))
}
