//! When a certificate ends: the only place where time alone changes a verdict.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

const DAY: i64 = 86_400;

/// Past its end. The last second still counts (RFC 5280, §4.1.2.5: the period includes `notAfter`).
pub(super) fn expired(end: Timestamp, now: Timestamp) -> bool {
    now.as_second() > end.as_second()
}

/// Whole days until the end; negative once it is past.
pub(super) fn days_left(end: Timestamp, now: Timestamp) -> i64 {
    (end.as_second() - now.as_second()).div_euclid(DAY)
}

/// The next instant at which [`days_left`] falls below one of these numbers; 0: at which [`expired`] turns.
pub(super) fn next_of(days: &BTreeSet<i64>, end: Timestamp, now: Timestamp) -> Option<Timestamp> {
    days.iter().filter_map(|days| after(end, 1 - days.checked_mul(DAY)?)).filter(|at| *at > now).min()
}

/// The next instant at which [`days_left`] changes.
pub(super) fn next_day(end: Timestamp, now: Timestamp) -> Option<Timestamp> {
    after(end, 1 - days_left(end, now).checked_mul(DAY)?)
}

fn after(end: Timestamp, seconds: i64) -> Option<Timestamp> {
    let end = Timestamp::from_second(end.as_second()).ok()?;
    end.checked_add(SignedDuration::from_secs(seconds)).ok()
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use std::collections::BTreeSet;

    use super::{days_left, expired, next_day, next_of};

    #[test]
    fn the_last_second_is_still_valid() {
        let end: Timestamp = "2026-03-14T12:00:00Z".parse().unwrap();
        assert!(!expired(end, end));
        assert_eq!(days_left(end, end), 0);
        let expiry = BTreeSet::from([0]);
        let next = next_of(&expiry, end, end).unwrap();
        assert_eq!(next, "2026-03-14T12:00:01Z".parse().unwrap());
        assert!(expired(end, next));
        assert_eq!(days_left(end, next), -1);
        assert_eq!(next_of(&expiry, end, next), None);
    }

    #[test]
    fn the_ends_of_time_wake_nobody() {
        assert_eq!(next_of(&BTreeSet::from([0]), Timestamp::MAX, Timestamp::MIN), None);
        assert_eq!(next_of(&BTreeSet::from([i64::MAX]), Timestamp::MAX, Timestamp::MIN), None);
        assert!(next_day(Timestamp::MAX, Timestamp::MIN).is_some());
        let _ = next_day(Timestamp::MIN, Timestamp::MAX);
    }

    proptest! {
        #[test]
        fn nothing_changes_before_the_wake_and_something_at_it(
            end in 0_i64..4_000_000_000, now in 0_i64..4_000_000_000, nanos in 0_i32..1_000_000_000,
        ) {
            let end = Timestamp::new(end, nanos).unwrap();
            let now = Timestamp::new(now, nanos).unwrap();
            let wake = next_day(end, now).unwrap();
            prop_assert!(wake > now);
            let before = wake.checked_sub(SignedDuration::from_nanos(1)).unwrap();
            prop_assert_eq!(days_left(end, before), days_left(end, now));
            prop_assert_eq!(days_left(end, wake), days_left(end, now) - 1);
            prop_assert_eq!(expired(end, before), expired(end, now));
        }

        #[test]
        fn a_threshold_is_passed_at_its_wake_and_not_before(
            end in 0_i64..4_000_000_000, now in 0_i64..4_000_000_000, days in -30_i64..400,
        ) {
            let (end, now) = (Timestamp::from_second(end).unwrap(), Timestamp::from_second(now).unwrap());
            let below = |at| days_left(end, at) < days;
            match next_of(&BTreeSet::from([days]), end, now) {
                None => prop_assert!(below(now)),
                Some(wake) => {
                    prop_assert!(!below(wake.checked_sub(SignedDuration::from_secs(1)).unwrap()));
                    prop_assert!(below(wake) && !below(now));
                }
            }
        }
    }
}
