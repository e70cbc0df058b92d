use std::sync::Arc;
use std::time::Duration;

use app::ports::{Message, Queue, QueueName, StoreError};
use async_trait::async_trait;
use tokio::sync::Notify;

/// Tells the pump that this process has put a message: waiting for the next look would cost up to two seconds.
#[derive(Debug, Default)]
pub struct Woken(Notify);

impl Woken {
    /// Until a message is put, or was put since the last call.
    pub async fn wait(&self) {
        self.0.notified().await;
    }
}

/// A queue that wakes the pump.
pub struct WokenQueue {
    queue: Arc<dyn Queue>,
    woken: Arc<Woken>,
}

impl WokenQueue {
    /// Stands in front of `queue`.
    pub fn new(queue: Arc<dyn Queue>, woken: Arc<Woken>) -> Self {
        Self { queue, woken }
    }
}

#[async_trait]
impl Queue for WokenQueue {
    async fn put(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), StoreError> {
        self.queue.put(queue, body, delay).await?;
        if delay.is_zero() {
            self.woken.0.notify_one();
        }
        Ok(())
    }

    async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Result<Vec<Message>, StoreError> {
        self.queue.receive(queue, max, visibility).await
    }

    async fn delete(&self, queue: QueueName, message: &Message) -> Result<(), StoreError> {
        self.queue.delete(queue, message).await
    }

    async fn depth(&self, queue: QueueName) -> Result<u64, StoreError> {
        self.queue.depth(queue).await
    }
}
