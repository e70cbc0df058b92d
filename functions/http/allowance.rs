use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::ids::TokenId;
use jiff::Timestamp;

/// How many requests each API token may still make: a minute's worth at once, then as they come back one by one.
///
/// Kept by this process and not in the store: a write for each read would make every question cost what a change costs.
/// With several processes each counts by itself, so a token may have as many times its allowance; what must hold over
/// all processes (passwords, credits) is counted in the store.
#[derive(Debug)]
pub struct Allowances {
    per_minute: u32,
    left: Mutex<HashMap<TokenId, Left>>,
}

#[derive(Clone, Copy, Debug)]
struct Left {
    requests: f64,
    at: Timestamp,
}

/// More tokens than are in use at once; beyond that those that have all of their allowance are forgotten.
const MOST: usize = 10_000;

impl Allowances {
    /// So many requests a minute for each token; 0: no limit.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, left: Mutex::default() }
    }

    /// Takes one request off a token's allowance.
    ///
    /// # Errors
    /// There is none left; wait so many seconds.
    pub fn take(&self, token: &TokenId, now: Timestamp) -> Result<(), u32> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, left| self.now(*left, now) < f64::from(self.per_minute));
        }
        let fresh = Left { requests: f64::from(self.per_minute), at: now };
        let left = all.entry(token.clone()).or_insert(fresh);
        let requests = self.now(*left, now);
        if requests < 1.0 {
            return Err(self.wait(requests));
        }
        *left = Left { requests: requests - 1.0, at: now };
        Ok(())
    }

    /// What has come back since.
    fn now(&self, left: Left, now: Timestamp) -> f64 {
        let seconds = now.duration_since(left.at).as_secs_f64().max(0.0);
        (left.requests + seconds * f64::from(self.per_minute) / 60.0).min(f64::from(self.per_minute))
    }

    fn wait(&self, requests: f64) -> u32 {
        let seconds = ((1.0 - requests) * 60.0 / f64::from(self.per_minute)).ceil();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 60")]
        let whole = seconds.clamp(1.0, 60.0) as u32;
        whole
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn token(last: char) -> TokenId {
        TokenId::from_ulid(&format!("01J8ZQ4W3E9V6T5R2P1N0M8K7{last}")).unwrap()
    }

    #[test]
    fn a_minutes_worth_goes_at_once_and_comes_back_one_by_one() {
        let (allowances, now) = (Allowances::new(30), Timestamp::UNIX_EPOCH);
        for _ in 0..30 {
            allowances.take(&token('A'), now).unwrap();
        }
        assert_eq!(allowances.take(&token('A'), now), Err(2));
        allowances.take(&token('B'), now).unwrap();
        let later = now + SignedDuration::from_secs(2);
        allowances.take(&token('A'), later).unwrap();
        assert_eq!(allowances.take(&token('A'), later), Err(2));
        // A clock that is set back gives nothing and takes nothing.
        assert_eq!(allowances.take(&token('A'), now), Err(2));
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let allowances = Allowances::new(0);
        for _ in 0..1_000 {
            allowances.take(&token('A'), Timestamp::UNIX_EPOCH).unwrap();
        }
        assert!(allowances.left.lock().unwrap().is_empty());
    }
}
