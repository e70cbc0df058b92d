//! When the next attempt is made: the schedule that Standard Webhooks recommends, ten tries over 75½ hours.

use std::time::Duration;

use crate::ports::Ids;

/// The wait before each attempt, in seconds: 0, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
pub const WAITS: [u32; 10] = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// Longer than this nobody may ask us to wait: a day.
const LONGEST_HINT: u32 = 86_400;

/// The wait before attempt `number`, or `None` when the tries are used up. Never earlier than the schedule or the
/// receiver's hint (`Retry-After`, seconds) says; up to a tenth later, so that what failed together does not
/// come back together.
pub(super) fn wait_before(number: u32, hint: Option<u32>, ids: &dyn Ids) -> Option<Duration> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    let base = *WAITS.get(index)?;
    let seconds = u64::from(base.max(hint.unwrap_or(0).min(LONGEST_HINT)));
    Some(Duration::from_millis(seconds * 1000 + jitter(seconds * 100, ids)))
}

/// 0 to `most`, included.
fn jitter(most: u64, ids: &dyn Ids) -> u64 {
    let mut bytes = [0; 8];
    ids.fill(&mut bytes);
    u64::from_be_bytes(bytes) % (most + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct All(u8);
    impl Ids for All {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn ten_tries_over_seventy_five_hours_and_never_an_eleventh() {
        let waits: Vec<_> = (1..=11).map(|n| wait_before(n, None, &All(0))).collect();
        assert_eq!(waits[0], Some(Duration::ZERO));
        assert_eq!(waits[9], Some(Duration::from_hours(24)));
        assert_eq!(waits[10], None);
        assert_eq!(wait_before(0, None, &All(0)), None);
        let all: Duration = waits.into_iter().flatten().sum();
        assert_eq!(all.as_secs(), 75 * 3600 + 35 * 60 + 5);
    }

    #[test]
    fn jitter_is_never_early_and_at_most_a_tenth() {
        for number in 1..=10 {
            let base = wait_before(number, None, &All(0)).unwrap_or_default();
            for byte in [0, 1, 77, 128, 255] {
                let wait = wait_before(number, None, &All(byte)).unwrap_or_default();
                assert!(wait >= base && wait <= base + base / 10, "{number} {byte}: {wait:?}");
            }
        }
    }

    #[test]
    fn the_receiver_may_ask_for_more_time_but_not_for_less_nor_for_ever() {
        let wait = |number, hint| wait_before(number, Some(hint), &All(0)).unwrap_or_default().as_secs();
        assert_eq!(wait(2, 60), 60);
        assert_eq!(wait(4, 60), 1_800);
        assert_eq!(wait(2, u32::MAX), 86_400);
    }
}
