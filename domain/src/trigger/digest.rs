use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use super::Trigger;
use super::time::{TimeOfDay, next_hour, zone_or_utc};

/// When notifications go out to people. Machines get every event at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Schedule {
    /// At once; what arrives within 30 s together.
    #[default]
    Immediate,
    /// At every full hour.
    Hourly,
    /// Once a day.
    Daily,
    /// Once a week.
    Weekly,
}

/// Where nobody said otherwise, digests go out at 08:00 …
const USUAL_TIME: TimeOfDay = TimeOfDay::hour(8);
/// … and weekly ones on Mondays (ISO: Monday is 1).
const USUAL_DAY: u8 = 1;
/// A day that is looked for comes within so many.
const DAYS: usize = 9;

/// When the first digest after an instant goes out, in the channel's time zone; `None`: the channel has none. In quiet
/// hours it waits for their end.
pub fn next_digest(trigger: &Trigger, after: Timestamp) -> Option<Timestamp> {
    let zone = zone_or_utc(&trigger.time_zone);
    let time = trigger.digest_at.unwrap_or(USUAL_TIME);
    let first = after.to_zoned(zone.clone()).date();
    let on_days = |wanted: &dyn Fn(Date) -> bool| {
        first
            .series(jiff::Span::new().days(1))
            .take(DAYS)
            .filter(|day| wanted(*day))
            .find_map(|day| time.on(day, &zone).filter(|at| *at > after))
    };
    let day = weekday(trigger.digest_weekday.unwrap_or(USUAL_DAY));
    let at = match trigger.schedule {
        Schedule::Immediate => None,
        Schedule::Hourly => next_hour(after, &zone),
        Schedule::Daily => on_days(&|_| true),
        Schedule::Weekly => on_days(&|date| date.weekday() == day),
    }?;
    Some(trigger.quiet_hours.as_ref().and_then(|quiet| quiet.span(at)).map_or(at, |(_, end)| end))
}

pub(super) fn weekday(iso: u8) -> Weekday {
    Weekday::from_monday_one_offset(iso.clamp(1, 7).cast_signed()).unwrap_or(Weekday::Monday)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigger::{QuietEnd, QuietHours};

    fn trigger(schedule: Schedule, at: &str, zone: &str) -> Trigger {
        Trigger { schedule, digest_at: at.parse().ok(), time_zone: zone.into(), ..Trigger::default() }
    }

    /// The first digests after an instant.
    fn digests(trigger: &Trigger, after: &str, count: usize) -> Vec<String> {
        let first = next_digest(trigger, after.parse().unwrap());
        let all = std::iter::successors(first, |at| next_digest(trigger, *at));
        all.take(count).map(|at| at.to_string()).collect()
    }

    #[test]
    fn daily_digests_go_out_by_the_wall_clock_across_daylight_saving() {
        let vienna = trigger(Schedule::Daily, "08:00", "Europe/Vienna");
        assert_eq!(
            digests(&vienna, "2026-03-27T12:00:00Z", 3),
            ["2026-03-28T07:00:00Z", "2026-03-29T06:00:00Z", "2026-03-30T06:00:00Z"]
        );
        let york = trigger(Schedule::Daily, "08:00", "America/New_York");
        assert_eq!(digests(&york, "2026-10-31T20:00:00Z", 2), ["2026-11-01T13:00:00Z", "2026-11-02T13:00:00Z"]);
    }

    #[test]
    fn a_time_that_is_skipped_comes_once_and_one_that_comes_twice_counts_once() {
        let vienna = trigger(Schedule::Daily, "02:30", "Europe/Vienna");
        assert_eq!(
            digests(&vienna, "2026-03-28T12:00:00Z", 2),
            ["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"],
            "02:30 is skipped: 03:30 it is"
        );
        assert_eq!(digests(&vienna, "2026-10-24T12:00:00Z", 2), ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn weekly_digests_go_out_on_their_day() {
        let sundays = Trigger { digest_weekday: Some(7), ..trigger(Schedule::Weekly, "18:00", "Asia/Tokyo") };
        assert_eq!(digests(&sundays, "2026-03-02T08:00:00Z", 2), ["2026-03-08T09:00:00Z", "2026-03-15T09:00:00Z"]);
        let usual = trigger(Schedule::Weekly, "", "UTC");
        assert_eq!(digests(&usual, "2026-03-02T08:00:00Z", 1), ["2026-03-09T08:00:00Z"], "not the one that is now");
    }

    #[test]
    fn hourly_digests_are_an_hour_apart_whatever_the_clocks_do() {
        let vienna = trigger(Schedule::Hourly, "", "Europe/Vienna");
        for start in ["2026-03-28T22:00:00Z", "2026-10-24T22:00:00Z"] {
            let all: Vec<Timestamp> = digests(&vienna, start, 8).iter().map(|t| t.parse().unwrap()).collect();
            assert!(all.windows(2).all(|pair| pair[1].duration_since(pair[0]).as_secs() == 3_600), "{all:?}");
        }
        assert_eq!(digests(&trigger(Schedule::Immediate, "", "UTC"), "2026-03-02T08:00:00Z", 1), [""; 0]);
    }

    #[test]
    fn a_digest_in_quiet_hours_waits_for_their_end() {
        let quiet = QuietHours {
            from: TimeOfDay::hour(22),
            to: TimeOfDay::hour(7),
            after: QuietEnd::Release,
            ..QuietHours::default()
        };
        let early = Trigger { quiet_hours: Some(quiet), ..trigger(Schedule::Daily, "05:00", "UTC") };
        assert_eq!(digests(&early, "2026-03-02T08:00:00Z", 2), ["2026-03-03T07:00:00Z", "2026-03-04T07:00:00Z"]);
    }
}
