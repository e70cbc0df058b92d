//! Queues in the file `queues.redb`: one table each, ordered by the instant at which a message becomes visible.
//!
//! Hiding a message that was received is not forced to disk: a crash only makes it visible earlier, and it is
//! delivered at least once anyway. That needs redb's exclusive mode, hence a file of its own.

use std::time::Duration;

use app::ports::{Message, QueueName, StoreError};
use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, WriteTransaction,
};
use tokio::sync::oneshot;

use super::failed;

/// (visible from, number) → (times received, body). Instants are milliseconds since 1970.
pub(super) type Definition = TableDefinition<'static, (u64, u64), (u32, &'static str)>;

/// The number of the last message that was put.
const NUMBERS: TableDefinition<'static, (), u64> = TableDefinition::new("numbers");

pub(super) const QUEUES: [QueueName; 2] = [QueueName::Notifications, QueueName::NotificationsPoison];

/// What a job wants of a queue.
pub(super) enum Task {
    /// Put a message that is visible from an instant on.
    Put { body: String, visible_at: u64 },
    /// Take what is visible now and hide it until an instant.
    Receive { max: usize, now: u64, until: u64 },
    /// Delete what this receipt is for.
    Delete { receipt: String },
}

/// A task that waits for the writer. Only receiving answers with messages.
pub(super) struct QueueJob {
    pub(super) queue: QueueName,
    pub(super) task: Task,
    pub(super) answer: oneshot::Sender<Result<Vec<Message>, StoreError>>,
}

/// Makes the tables that are missing.
pub(super) fn prepare(db: &Database) -> Result<(), StoreError> {
    let tx = db.begin_write().map_err(failed)?;
    for queue in QUEUES {
        tx.open_table(definition(queue)).map_err(failed)?;
    }
    tx.open_table(NUMBERS).map_err(failed)?;
    tx.commit().map_err(failed)
}

/// Is a message visible? Asked before the writer is, because most looks at a queue find nothing.
pub(super) fn has_visible(db: &Database, queue: QueueName, now: u64) -> Result<bool, StoreError> {
    let tx = db.begin_read().map_err(failed)?;
    let messages = tx.open_table(definition(queue)).map_err(failed)?;
    let first = messages.first().map_err(failed)?;
    Ok(first.is_some_and(|(key, _)| key.value().0 <= now))
}

/// How many messages there are, hidden ones included.
pub(super) fn depth(db: &Database, queue: QueueName) -> Result<u64, StoreError> {
    let tx = db.begin_read().map_err(failed)?;
    tx.open_table(definition(queue)).map_err(failed)?.len().map_err(failed)
}

/// All messages with the instants from which they are visible.
pub(super) fn all(db: &Database, queue: QueueName) -> Result<Vec<(String, u64)>, StoreError> {
    let tx = db.begin_read().map_err(failed)?;
    let messages = tx.open_table(definition(queue)).map_err(failed)?;
    let found = messages.range::<(u64, u64)>(..).map_err(failed)?;
    found
        .map(|found| {
            let (place, value) = found.map_err(failed)?;
            Ok((value.value().1.to_owned(), place.value().0))
        })
        .collect()
}

/// Takes all messages out, as part of a transaction that puts others.
pub(super) fn empty(tx: &WriteTransaction) -> Result<(), StoreError> {
    for queue in QUEUES {
        tx.open_table(definition(queue)).map_err(failed)?.retain(|_, _| false).map_err(failed)?;
    }
    Ok(())
}

/// Puts a message with what was known of it.
pub(super) fn put_back(
    tx: &WriteTransaction,
    queue: QueueName,
    place: (u64, u64),
    message: (u32, &str),
) -> Result<(), StoreError> {
    tx.open_table(definition(queue)).map_err(failed)?.insert(place, message).map_err(failed)?;
    Ok(())
}

/// No message gets this number or one before it again.
pub(super) fn remember_number(tx: &WriteTransaction, number: u64) -> Result<(), StoreError> {
    tx.open_table(NUMBERS).map_err(failed)?.insert((), number).map_err(failed)?;
    Ok(())
}

/// The instant so much later, in milliseconds.
pub(super) fn later(now: u64, by: Duration) -> u64 {
    now.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX))
}

/// Does all tasks in one transaction, durable unless all of them only receive.
pub(super) fn work(db: &Database, jobs: Vec<QueueJob>) {
    let outcome = work_all(db, &jobs);
    let mut results = outcome.map(Vec::into_iter);
    for job in jobs {
        // Whoever asked may have gone; a message that it received becomes visible again.
        let _gone = job.answer.send(match &mut results {
            Ok(results) => Ok(results.next().unwrap_or_default()),
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        });
    }
}

fn work_all(db: &Database, jobs: &[QueueJob]) -> Result<Vec<Vec<Message>>, StoreError> {
    let mut tx = db.begin_write().map_err(failed)?;
    if jobs.iter().all(|job| matches!(job.task, Task::Receive { .. })) {
        tx.set_durability(Durability::None).map_err(failed)?;
    }
    let results = jobs.iter().map(|job| run(&tx, job)).collect::<Result<_, _>>()?;
    tx.commit().map_err(failed)?;
    Ok(results)
}

fn run(tx: &WriteTransaction, job: &QueueJob) -> Result<Vec<Message>, StoreError> {
    match &job.task {
        Task::Put { body, visible_at } => put(tx, job.queue, body, *visible_at).map(|()| Vec::new()),
        Task::Receive { max, now, until } => receive(tx, job.queue, *max, *now, *until),
        Task::Delete { receipt } => delete(tx, job.queue, receipt).map(|()| Vec::new()),
    }
}

fn put(tx: &WriteTransaction, queue: QueueName, body: &str, visible_at: u64) -> Result<(), StoreError> {
    let mut numbers = tx.open_table(NUMBERS).map_err(failed)?;
    let number = numbers.get(()).map_err(failed)?.map_or(0, |last| last.value()) + 1;
    numbers.insert((), number).map_err(failed)?;
    let mut messages = tx.open_table(definition(queue)).map_err(failed)?;
    messages.insert((visible_at, number), (0, body)).map_err(failed)?;
    Ok(())
}

fn receive(
    tx: &WriteTransaction,
    queue: QueueName,
    max: usize,
    now: u64,
    until: u64,
) -> Result<Vec<Message>, StoreError> {
    let mut messages = tx.open_table(definition(queue)).map_err(failed)?;
    let mut taken = Vec::new();
    for found in messages.range(..=(now, u64::MAX)).map_err(failed)?.take(max) {
        let (key, value) = found.map_err(failed)?;
        let (count, body) = value.value();
        taken.push((key.value(), count.saturating_add(1), body.to_owned()));
    }
    let mut received = Vec::with_capacity(taken.len());
    for ((visible_at, number), count, body) in taken {
        messages.remove((visible_at, number)).map_err(failed)?;
        messages.insert((until, number), (count, body.as_str())).map_err(failed)?;
        let (id, receipt) = (number.to_string(), receipt((until, number)));
        received.push(Message { id, receipt, body, dequeue_count: count });
    }
    Ok(received)
}

fn delete(tx: &WriteTransaction, queue: QueueName, receipt: &str) -> Result<(), StoreError> {
    let Some(place) = parse(receipt) else { return Ok(()) };
    tx.open_table(definition(queue)).map_err(failed)?.remove(place).map_err(failed)?;
    Ok(())
}

pub(super) fn definition(queue: QueueName) -> Definition {
    TableDefinition::new(queue.as_str())
}

/// Where a received message lies as long as nobody else receives it: it only moves on, never back to the same place.
fn receipt((hidden_until, number): (u64, u64)) -> String {
    format!("{hidden_until}.{number}")
}

fn parse(receipt: &str) -> Option<(u64, u64)> {
    let (hidden_until, number) = receipt.split_once('.')?;
    Some((hidden_until.parse().ok()?, number.parse().ok()?))
}
