use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;

/// The queues of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueueName {
    /// Events to route and attempts to repeat.
    Notifications,
    /// What the Functions host gave up on after five tries.
    NotificationsPoison,
}

impl QueueName {
    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notifications => "notifications",
            Self::NotificationsPoison => "notifications-poison",
        }
    }
}

/// A message that was received and is invisible to others for a while.
#[derive(Clone, Debug)]
pub struct Message {
    /// The store's id of the message.
    pub id: String,
    /// Proves this receipt; needed to delete it.
    pub receipt: String,
    /// The text as it was put (the store's base64 is already taken off).
    pub body: String,
    /// How often it was received, this time included.
    pub dequeue_count: u32,
}

/// A queue: at least once, in no promised order.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Puts a message that becomes visible after `delay` (at most 7 days) and never expires (3 650 days).
    async fn put(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), StoreError>;
    /// Takes up to `max` (≤ 32) messages and hides them for `visibility`.
    async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Result<Vec<Message>, StoreError>;
    /// Deletes a received message. A receipt that is no longer valid is no error: somebody else has it now.
    async fn delete(&self, queue: QueueName, message: &Message) -> Result<(), StoreError>;
    /// About how many messages are there, visible or not.
    async fn depth(&self, queue: QueueName) -> Result<u64, StoreError>;
}
