use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::backfill;
use super::deliver::{Attempted, attempt};
use super::message::{BadMessage, Work, parse};
use super::redeliver::again;
use super::replay::replay_one;
use super::route::{Routed, route};
use crate::access::{self, Posted};
use crate::ports::{Message, QueueName, StoreError};
use crate::{App, Error};

/// A received message is hidden so long: what a crash leaves comes back after it.
const HIDDEN: Duration = Duration::from_mins(5);
/// What failed so often goes to the poison queue, as on the Functions host.
const MOST_TRIES: u32 = 5;
/// Messages that the pump handles side by side, without those that have only been waiting for long.
const SIDE_BY_SIDE: usize = 8;
/// The same with them.
const AT_MOST: usize = 128;
/// What takes longer than this waits for a receiver that is slow or dead.
const SLOW: Duration = Duration::from_millis(500);
/// While messages are worked on, the queue is looked at so often for more.
const LOOK: Duration = Duration::from_millis(100);
/// A queue gives at most so many messages at once.
const AT_ONCE: usize = 32;

/// What became of a message. Every one of these means: delete it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handled {
    /// An event was routed, or somebody else is at it.
    Routed(Routed),
    /// An attempt was made, or was not needed.
    Attempted(Attempted),
    /// A letter about an account was written, or is not needed.
    Posted(Posted),
    /// A channel was told of what it had missed.
    CaughtUp,
    /// It cannot be understood; repeating would not help.
    Dropped(BadMessage),
}

/// Handles one message of the queue `notifications`. An error means: let it come back later. Deliveries that fail are
/// no errors, they have a schedule of their own.
pub async fn handle_message(app: &App, body: &str, dequeue_count: Option<u32>) -> Result<Handled, Error> {
    if let Some(count) = dequeue_count.filter(|count| *count > 1) {
        tracing::info!(count, "a message comes again");
    }
    match parse(body) {
        Ok(Work::Route { org, event }) => route(app, &org, event).await.map(Handled::Routed),
        Ok(Work::Attempt { org, delivery, number }) => {
            attempt(app, &org, &delivery, number).await.map(Handled::Attempted)
        }
        Ok(Work::Letter { parcel, tries }) => access::post(app, &parcel, tries).await.map(Handled::Posted),
        Ok(Work::Again { org, delivery, asked_by }) => {
            again(app, &org, &delivery, &asked_by).await.map(Handled::Attempted)
        }
        Ok(Work::Replay { org, channel, event }) => {
            replay_one(app, &org, &channel, event).await.map(|()| Handled::CaughtUp)
        }
        Ok(Work::Backfill { org, channel }) => backfill::go_on(app, &org, &channel).await.map(|()| Handled::CaughtUp),
        Err(error) => {
            // Its text is not logged: nobody knows whose it is.
            tracing::error!(%error, bytes = body.len(), "a message is dropped");
            Ok(Handled::Dropped(error))
        }
    }
}

/// Handles what is visible in the queue, until it is empty or `max` messages were received; how many were.
/// The pump of standalone mode and of tests; on Azure the Functions host does this.
pub async fn drain(app: &App, max: usize) -> Result<usize, StoreError> {
    drain_while(app, max, || true).await
}

/// The same, as long as `go_on` says so; what was received by then is finished.
///
/// Who waits for a receiver that takes its time makes room for others: a dozen dead receivers hold up nobody else's.
pub async fn drain_while(app: &App, max: usize, go_on: impl Fn() -> bool) -> Result<usize, StoreError> {
    let mut received = 0;
    let mut trouble = None;
    let mut waiting = VecDeque::new();
    let slow = AtomicUsize::new(0);
    let mut working = FuturesUnordered::new();
    loop {
        let places = AT_MOST.min(SIDE_BY_SIDE + slow.load(Ordering::Relaxed));
        if waiting.is_empty() && working.len() < places && received < max && trouble.is_none() && go_on() {
            match app.queue.receive(QueueName::Notifications, AT_ONCE.min(max - received), HIDDEN).await {
                Ok(messages) => {
                    received += messages.len();
                    waiting.extend(messages);
                }
                // What is in hand is finished all the same.
                Err(error) => trouble = Some(error),
            }
        }
        while working.len() < places
            && let Some(message) = waiting.pop_front()
        {
            working.push(counted(&slow, one(app, message)));
        }
        if working.is_empty() {
            break;
        }
        let _one_more_is_done = tokio::time::timeout(LOOK, working.next()).await;
    }
    trouble.map_or(Ok(received), Err)
}

/// Counts a message among the slow while it takes long.
async fn counted(slow: &AtomicUsize, work: impl Future<Output = ()>) {
    let mut work = pin!(work);
    if tokio::time::timeout(SLOW, &mut work).await.is_err() {
        slow.fetch_add(1, Ordering::Relaxed);
        work.await;
        slow.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn one(app: &App, message: Message) {
    // On the heap: so many of them side by side are too much for a stack.
    let handled = Box::pin(handle_message(app, &message.body, Some(message.dequeue_count))).await;
    let done = match handled {
        Ok(_) => app.queue.delete(QueueName::Notifications, &message).await,
        Err(error) if message.dequeue_count >= MOST_TRIES => {
            tracing::error!(%error, "a message failed too often");
            give_up(app, &message).await
        }
        Err(error) => {
            tracing::warn!(%error, "a message comes back later");
            Ok(())
        }
    };
    if let Err(error) = done {
        tracing::warn!(%error, "a message could not be deleted and comes back");
    }
}

/// Put there first, then deleted: a crash between leaves two, not none.
async fn give_up(app: &App, message: &Message) -> Result<(), StoreError> {
    app.queue.put(QueueName::NotificationsPoison, &message.body, Duration::ZERO).await?;
    app.queue.delete(QueueName::Notifications, message).await
}
