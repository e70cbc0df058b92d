use std::time::Duration;

use crate::Error;

/// How often to ask again what may work later, and how long to wait in between.
///
/// A page of a search whose answer got lost on the way was paid for, and is paid for again when it is asked for again.
/// [`Retry::NEVER`] leaves that to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Requests in all, at least one.
    pub tries: u32,
    /// The shortest wait; it doubles each time. `Retry-After` counts only above it.
    pub floor: Duration,
    /// The longest wait.
    pub ceiling: Duration,
}

impl Retry {
    /// Asks once: whoever calls decides what comes next.
    pub const NEVER: Self = Self { tries: 1, floor: Duration::ZERO, ceiling: Duration::ZERO };

    /// How long to wait after the `n`-th failure (from 1). `None`: it is not worth it, or there were enough tries.
    /// `repeatable`: may the same question be asked twice without harm? What is not is repeated only after a 429,
    /// which says that nothing was done.
    pub fn after(&self, n: u32, error: &Error, repeatable: bool) -> Option<Duration> {
        if n >= self.tries {
            return None;
        }
        let doubled = self.floor.saturating_mul(2_u32.saturating_pow(n - 1)).min(self.ceiling);
        match error {
            // The source's own word outweighs the ceiling: asking sooner would be in vain.
            Error::RateLimited { wait } => Some(doubled.max(*wait)),
            Error::Unavailable(_) if repeatable => Some(doubled),
            _ => None,
        }
    }
}

impl Default for Retry {
    /// Five tries, 1, 2, 4 and 8 seconds apart.
    fn default() -> Self {
        Self { tries: 5, floor: Duration::from_secs(1), ceiling: Duration::from_secs(30) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_between_floor_and_ceiling() {
        let retry = Retry { tries: 9, floor: S, ceiling: 5 * S };
        let down = Error::Unavailable("status 502".into());
        let waits: Vec<_> = (1..=4).filter_map(|n| retry.after(n, &down, true)).collect();
        assert_eq!(waits, [S, 2 * S, 4 * S, 5 * S]);
        assert_eq!(retry.after(9, &down, true), None);
        assert_eq!(Retry::NEVER.after(1, &down, true), None);
    }

    #[test]
    fn a_retry_after_counts_only_above_the_floor() {
        let retry = Retry::default();
        assert_eq!(retry.after(1, &Error::RateLimited { wait: S }, false), Some(S));
        assert_eq!(retry.after(3, &Error::RateLimited { wait: S }, false), Some(4 * S));
        assert_eq!(retry.after(1, &Error::RateLimited { wait: 60 * S }, false), Some(60 * S));
    }

    #[test]
    fn what_must_not_happen_twice_is_not_asked_twice() {
        let retry = Retry::default();
        assert_eq!(retry.after(1, &Error::Unavailable("it timed out".into()), false), None);
        for hopeless in [Error::BadKey, Error::OutOfCredits, Error::Rejected("x".into()), Error::NothingKnown] {
            assert_eq!(retry.after(1, &hopeless, true), None, "{hopeless}");
        }
    }
}
