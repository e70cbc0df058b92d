use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::digest::weekday;
use super::time::{TimeOfDay, zone_or_utc};

/// What happens to what came in quiet hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QuietEnd {
    /// It is judged again at their end, and sent.
    #[default]
    Release,
    /// It is not sent.
    Drop,
}

/// When people are not to be disturbed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuietHours {
    /// They begin at this time …
    pub from: TimeOfDay,
    /// … and end at this one, on the next day if it is not later. The same time: a whole day.
    pub to: TimeOfDay,
    /// IANA name of the zone whose clock it is.
    pub time_zone: String,
    /// Critical findings come through.
    pub except_critical: bool,
    /// The days on which they begin (ISO: Monday is 1). Empty: every day.
    pub weekdays: Vec<u8>,
    /// What happens to what came meanwhile.
    pub after: QuietEnd,
}

impl Default for QuietHours {
    /// Every night from 22:00 to 07:00 UTC; critical findings come through.
    fn default() -> Self {
        Self {
            from: TimeOfDay::hour(22),
            to: TimeOfDay::hour(7),
            time_zone: "UTC".into(),
            except_critical: true,
            weekdays: Vec::new(),
            after: QuietEnd::Release,
        }
    }
}

/// Quiet hours that follow each other without a gap are one, but never longer than a week: somebody has to hear.
const MOST_IN_A_ROW: usize = 7;

impl QuietHours {
    /// The quiet span that an instant lies in, from its begin to its end. Those that touch are one span.
    pub fn span(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let (begin, mut end) = self.single(at)?;
        for _ in 1..MOST_IN_A_ROW {
            match self.single(end) {
                Some((_, later)) => end = later,
                None => break,
            }
        }
        Some((begin, end))
    }

    fn single(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let zone = zone_or_utc(&self.time_zone);
        let today = at.to_zoned(zone.clone()).date();
        let day = Span::new().days(1);
        // They may have begun yesterday.
        [today.checked_sub(day).ok(), Some(today)].into_iter().flatten().find_map(|date| {
            if !self.weekdays.is_empty() && !self.weekdays.iter().any(|w| weekday(*w) == date.weekday()) {
                return None;
            }
            let last = if self.to > self.from { date } else { date.checked_add(day).ok()? };
            let span = (self.from.on(date, &zone)?, self.to.on(last, &zone)?);
            (span.0 <= at && at < span.1).then_some(span)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(from: &str, to: &str, zone: &str, weekdays: &[u8]) -> QuietHours {
        QuietHours {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            time_zone: zone.into(),
            weekdays: weekdays.to_vec(),
            ..QuietHours::default()
        }
    }

    fn end(quiet: &QuietHours, at: &str) -> Option<String> {
        quiet.span(at.parse().unwrap()).map(|(_, end)| end.to_string())
    }

    #[test]
    fn a_night_ends_in_the_morning() {
        let night = quiet("22:00", "07:00", "Europe/Vienna", &[]);
        assert_eq!(end(&night, "2026-03-02T20:59:59Z"), None);
        assert_eq!(end(&night, "2026-03-02T21:00:00Z").as_deref(), Some("2026-03-03T06:00:00Z"));
        assert_eq!(end(&night, "2026-03-03T05:59:59Z").as_deref(), Some("2026-03-03T06:00:00Z"));
        assert_eq!(end(&night, "2026-03-03T06:00:00Z"), None);
    }

    #[test]
    fn a_night_in_which_the_clocks_change_ends_by_the_clock() {
        let night = quiet("22:00", "07:00", "Europe/Vienna", &[]);
        let span = |at: &str| night.span(at.parse().unwrap()).unwrap();
        let hours = |(from, to): (Timestamp, Timestamp)| to.duration_since(from).as_secs() / 3_600;
        assert_eq!(hours(span("2026-03-28T23:00:00Z")), 8);
        assert_eq!(hours(span("2026-10-24T23:00:00Z")), 10);
        assert_eq!(hours(span("2026-06-24T23:00:00Z")), 9);
    }

    #[test]
    fn weekdays_are_those_on_which_it_begins() {
        // Friday night belongs to Friday.
        let fridays = quiet("22:00", "07:00", "UTC", &[5]);
        assert_eq!(end(&fridays, "2026-03-06T23:00:00Z").as_deref(), Some("2026-03-07T07:00:00Z"));
        assert_eq!(end(&fridays, "2026-03-07T06:00:00Z").as_deref(), Some("2026-03-07T07:00:00Z"));
        assert_eq!(end(&fridays, "2026-03-07T23:00:00Z"), None);
    }

    #[test]
    fn days_that_touch_are_one_span_and_none_lasts_for_ever() {
        let weekend = quiet("00:00", "00:00", "UTC", &[6, 7]);
        assert_eq!(end(&weekend, "2026-03-07T12:00:00Z").as_deref(), Some("2026-03-09T00:00:00Z"));
        assert_eq!(end(&weekend, "2026-03-09T00:00:00Z"), None);
        let always = quiet("00:00", "00:00", "UTC", &[]);
        assert_eq!(end(&always, "2026-03-02T12:00:00Z").as_deref(), Some("2026-03-09T00:00:00Z"));
    }
}
