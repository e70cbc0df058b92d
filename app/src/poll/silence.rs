//! When nobody answered about an asset: what ages only while its source answers does not age then.

use jiff::{SignedDuration, Timestamp};

use super::group::Member;

/// A gap between answers counts from so many intervals on, and from an hour on.
const INTERVALS: i64 = 2;
const LEAST: SignedDuration = SignedDuration::from_hours(1);
/// Silences that ended longer ago say nothing about anything that is still open.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 180);
/// At most so many are kept; then the two oldest become one.
const MOST: usize = 16;

/// All silences of a member up to now, also the one that lasts. `interval`: seconds between its polls.
pub(super) fn silences(member: &Member, interval: i64, now: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut all = member.silences.clone();
    if let Some(last) = member.polled
        && now.duration_since(last) > LEAST.max(SignedDuration::from_secs(interval.saturating_mul(INTERVALS)))
    {
        all.push((last, now));
    }
    let kept = now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
    all.retain(|(_, to)| *to > kept);
    if all.len() > MOST {
        // Longer than it was: something becomes stale late rather than by mistake.
        let (from, _) = all.remove(0);
        all[0].0 = from;
    }
    all
}

#[cfg(test)]
mod tests {
    use domain::ids::AssetId;

    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
    }

    fn member(polled: i64) -> Member {
        let asset: AssetId = "asset_0001J8ZQ4W3E9V6T5R2P1N0M8K7H".parse().unwrap();
        Member { polled: Some(at(polled)), ..Member::new(&asset, at(0)) }
    }

    #[test]
    fn a_late_answer_is_no_silence_and_a_lost_day_is_one() {
        assert_eq!(silences(&member(0), 3600, at(2)), []);
        assert_eq!(silences(&member(0), 3600, at(24)), [(at(0), at(24))]);
        assert_eq!(silences(&member(0), 86_400, at(30)), []);
    }

    #[test]
    fn many_silences_stay_few_and_lose_no_time() {
        let mut member = member(0);
        for n in 0..40 {
            member.silences = silences(&member, 3600, at(n * 10 + 5));
            member.polled = Some(at(n * 10 + 5));
            member.polled = Some(at(n * 10 + 6));
        }
        assert!(member.silences.len() <= MOST);
        assert_eq!(member.silences.first().map(|(from, _)| *from), Some(at(0)));
    }
}
