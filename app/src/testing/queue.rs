use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::ManualClock;
use super::faults::unavailable;
use crate::ports::{Clock, Message, Queue, QueueName, Refusal, StoreError};

/// A queue in memory that goes by a clock which a test moves.
#[derive(Debug)]
pub struct MemoryQueue {
    clock: Arc<ManualClock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    messages: Vec<Stored>,
    made: u64,
    down: bool,
}

#[derive(Debug)]
struct Stored {
    queue: QueueName,
    id: String,
    receipt: Option<String>,
    body: String,
    visible_at: Timestamp,
    dequeue_count: u32,
}

impl MemoryQueue {
    /// An empty queue.
    pub fn new(clock: Arc<ManualClock>) -> Self {
        Self { clock, state: Mutex::default() }
    }

    /// From now on every call fails (`true`) or none does.
    pub fn set_down(&self, down: bool) {
        self.lock().down = down;
    }

    /// The bodies of all messages, visible or not, oldest first.
    pub fn bodies(&self, queue: QueueName) -> Vec<String> {
        self.lock().messages.iter().filter(|m| m.queue == queue).map(|m| m.body.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.lock();
        if state.down { Err(unavailable()) } else { Ok(state) }
    }
}

impl State {
    fn name(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}{}", self.made)
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn put(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), StoreError> {
        if body.len() > 48 << 10 {
            return Err(Refusal::Message("it is larger than 48 KiB").into());
        }
        if delay > Duration::from_hours(7 * 24) {
            return Err(Refusal::Message("its delay is longer than 7 days").into());
        }
        let visible_at = self.clock.now() + delay;
        let mut state = self.open()?;
        let id = state.name("message");
        state.messages.push(Stored { queue, id, receipt: None, body: body.to_owned(), visible_at, dequeue_count: 0 });
        Ok(())
    }

    async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Result<Vec<Message>, StoreError> {
        let now = self.clock.now();
        let mut state = self.open()?;
        let first = state.made;
        state.made += 32;
        let visible = state.messages.iter_mut().filter(|m| m.queue == queue && m.visible_at <= now);
        let received = visible.take(max.min(32)).zip(first..).map(|(message, number)| {
            let receipt = format!("receipt{number}");
            message.receipt = Some(receipt.clone());
            message.visible_at = now + visibility;
            message.dequeue_count += 1;
            let (id, body) = (message.id.clone(), message.body.clone());
            Message { id, receipt, body, dequeue_count: message.dequeue_count }
        });
        Ok(received.collect())
    }

    async fn delete(&self, queue: QueueName, message: &Message) -> Result<(), StoreError> {
        let ours = |m: &Stored| m.queue == queue && m.id == message.id && m.receipt.as_ref() == Some(&message.receipt);
        self.open()?.messages.retain(|m| !ours(m));
        Ok(())
    }

    async fn depth(&self, queue: QueueName) -> Result<u64, StoreError> {
        let count = self.open()?.messages.iter().filter(|m| m.queue == queue).count();
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const NAME: QueueName = QueueName::Notifications;

    #[tokio::test]
    async fn a_message_comes_back_until_its_last_receiver_deletes_it() {
        let clock = Arc::new(ManualClock::default());
        let queue = MemoryQueue::new(clock.clone());
        queue.put(NAME, "hello", MINUTE).await.unwrap();
        assert!(queue.receive(NAME, 1, MINUTE).await.unwrap().is_empty());
        clock.advance(SignedDuration::from_mins(1));
        let first = queue.receive(NAME, 1, MINUTE).await.unwrap().remove(0);
        assert!(queue.receive(NAME, 1, MINUTE).await.unwrap().is_empty());
        clock.advance(SignedDuration::from_mins(1));
        let second = queue.receive(NAME, 1, MINUTE).await.unwrap().remove(0);
        assert_eq!((second.body.as_str(), second.dequeue_count), ("hello", 2));
        queue.delete(NAME, &first).await.unwrap();
        assert_eq!(queue.depth(NAME).await.unwrap(), 1);
        queue.delete(NAME, &second).await.unwrap();
        assert_eq!(queue.depth(NAME).await.unwrap(), 0);
    }
}
