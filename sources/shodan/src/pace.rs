//! Who asks when. Shodan lets one request a second through for each key.
//!
//! Here belong the waiting for a turn and the one way of doing it inside a single process. A program of several
//! processes brings a [`Pace`] of its own, which meets in a store.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::{Error, Key};

/// Gives turns. Every request takes one first, each retry and each page of a search included.
#[async_trait]
pub trait Pace: Send + Sync {
    /// Waits for a turn with this key.
    ///
    /// # Errors
    /// When no turn can be had; then nothing is asked.
    async fn turn(&self, key: &Key) -> Result<(), Error>;

    /// Shodan said that it was too fast: nobody should ask with this key for so long.
    async fn slow_down(&self, key: &Key, wait: Duration);
}

/// A pause between two requests with one key, kept within this process.
#[derive(Debug)]
pub struct Pause {
    pause: Duration,
    next: Mutex<HashMap<Key, Instant>>,
}

impl Pause {
    /// Lets so much time pass between two requests.
    pub fn new(pause: Duration) -> Self {
        Self { pause, next: Mutex::default() }
    }

    /// The next free instant, which becomes the caller's.
    fn claim(&self, key: &Key) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let turn = next.get(key).map_or(now, |next| (*next).max(now));
        next.insert(key.clone(), turn + self.pause);
        turn
    }
}

impl Default for Pause {
    /// The second that Shodan asks for.
    fn default() -> Self {
        Self::new(Duration::from_secs(1))
    }
}

#[async_trait]
impl Pace for Pause {
    async fn turn(&self, key: &Key) -> Result<(), Error> {
        tokio::time::sleep_until(self.claim(key)).await;
        Ok(())
    }

    async fn slow_down(&self, key: &Key, wait: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + wait;
        let at = next.entry(key.clone()).or_insert(until);
        *at = (*at).max(until);
    }
}
