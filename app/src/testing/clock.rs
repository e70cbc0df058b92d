use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::ports::Clock;

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl Default for ManualClock {
    /// 2026-03-02T08:00:00Z, a Monday.
    fn default() -> Self {
        Self::at(Timestamp::constant(1_772_438_400, 0))
    }
}

impl ManualClock {
    /// A clock that shows this instant.
    pub const fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// Shows another instant, earlier or later.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves on.
    ///
    /// # Panics
    /// Behind the year 9999.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += by;
    }
}

impl Clock for ManualClock {
    /// With more digits than it was set to, as a machine's clock has them: what is read back from the key of a row
    /// has fewer, and must be the same instant all the same.
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) + SignedDuration::from_nanos(983_551)
    }
}
