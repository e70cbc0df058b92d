//! When the timer fires: NCRONTAB, as on the Functions host, in UTC.

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use thiserror::Error;

/// Six fields (second, minute, hour, day, month, weekday) or five (without seconds), each `*`, a number, a range `a-b`,
/// any of these with a step `/n`, or a list of them. All fields must match: day **and** weekday. Weekdays are 0 to 6
/// from Sunday, months 1 to 12; both have names of three letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    seconds: u64,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
}

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScheduleError {
    /// Not five or six fields.
    #[error("a schedule has six fields (second minute hour day month weekday), such as \"0 * * * * *\"")]
    Fields,
    /// A field that cannot be read.
    #[error(
        "{text:?} is no {field}: write numbers from {from} to {to}, *, ranges such as 1-5, steps such as */5, or lists"
    )]
    Field {
        /// Which field.
        field: &'static str,
        /// What it says.
        text: String,
        /// The least number.
        from: u8,
        /// The greatest number.
        to: u8,
    },
    /// A day that no month has.
    #[error("no day of these months is ever reached")]
    Never,
}

struct Field {
    name: &'static str,
    from: u8,
    to: u8,
    /// Names of three letters, the first of which means `from`.
    names: &'static str,
}

const FIELDS: [Field; 6] = [
    Field { name: "second", from: 0, to: 59, names: "" },
    Field { name: "minute", from: 0, to: 59, names: "" },
    Field { name: "hour", from: 0, to: 23, names: "" },
    Field { name: "day", from: 1, to: 31, names: "" },
    Field { name: "month", from: 1, to: 12, names: "janfebmaraprmayjunjulaugsepoctnovdec" },
    Field { name: "weekday", from: 0, to: 6, names: "sunmontuewedthufrisat" },
];

/// 29 February on a given weekday comes back after 40 years at the latest.
const YEARS: i16 = 41;

impl Default for Schedule {
    /// Every minute.
    fn default() -> Self {
        let all = |field: &Field| bits(field.from, field.to, 1);
        let [_, minutes, hours, days, months, weekdays] = FIELDS.each_ref().map(all);
        Self { seconds: 1, minutes, hours, days, months, weekdays }
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let mut fields: Vec<&str> = text.split_ascii_whitespace().collect();
        if fields.len() == 5 {
            fields.insert(0, "0");
        }
        let fields: [&str; 6] = fields.try_into().map_err(|_| ScheduleError::Fields)?;
        let mut read = [0; 6];
        for ((bits, text), field) in read.iter_mut().zip(fields).zip(&FIELDS) {
            *bits = field.read(text)?;
        }
        let [seconds, minutes, hours, days, months, weekdays] = read;
        let schedule = Self { seconds, minutes, hours, days, months, weekdays };
        schedule.next(Timestamp::UNIX_EPOCH).map(|_| schedule).ok_or(ScheduleError::Never)
    }
}

impl Schedule {
    /// The first instant after `after`. `None`: none within the next decades.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let now = Offset::UTC.to_datetime(after);
        let mut at = now.with().subsec_nanosecond(0).build().ok()?.checked_add(1.second()).ok()?;
        let last = now.year().checked_add(YEARS)?;
        while at.year() <= last {
            // The largest field that does not match is moved on, and everything below it begins anew.
            at = if !has(self.months, at.month()) {
                at.first_of_month().with().hour(0).minute(0).second(0).build().ok()?.checked_add(1.month()).ok()?
            } else if !has(self.days, at.day()) || !has(self.weekdays, at.weekday().to_sunday_zero_offset()) {
                midnight(at)?.checked_add(1.day()).ok()?
            } else if !has(self.hours, at.hour()) {
                at.with().minute(0).second(0).build().ok()?.checked_add(1.hour()).ok()?
            } else if !has(self.minutes, at.minute()) {
                at.with().second(0).build().ok()?.checked_add(1.minute()).ok()?
            } else if !has(self.seconds, at.second()) {
                at.checked_add(1.second()).ok()?
            } else {
                return Offset::UTC.to_timestamp(at).ok();
            };
        }
        None
    }
}

impl Field {
    fn read(&self, text: &str) -> Result<u64, ScheduleError> {
        let parts = text.split(',').map(|part| self.part(&part.to_ascii_lowercase()));
        let all = parts.collect::<Option<Vec<u64>>>().map(|parts| parts.into_iter().fold(0, |all, part| all | part));
        let wrong = || ScheduleError::Field { field: self.name, text: text.to_owned(), from: self.from, to: self.to };
        all.ok_or_else(wrong)
    }

    fn part(&self, text: &str) -> Option<u64> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u8>().ok().filter(|step| *step > 0)?)),
            None => (text, None),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (self.from, self.to),
            (_, Some((from, to))) => (self.number(from)?, self.number(to)?),
            // `a/n` runs from a to the end.
            (from, None) => (self.number(from)?, if step.is_some() { self.to } else { self.number(from)? }),
        };
        (from <= to).then(|| bits(from, to, step.unwrap_or(1)))
    }

    fn number(&self, text: &str) -> Option<u8> {
        let named = || {
            let at = self.names.match_indices(text).map(|(at, _)| at).find(|at| text.len() == 3 && at % 3 == 0)?;
            Some(self.from + u8::try_from(at / 3).ok()?)
        };
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { named() };
        number.filter(|number| (self.from..=self.to).contains(number))
    }
}

fn bits(from: u8, to: u8, step: u8) -> u64 {
    (from..=to).step_by(usize::from(step)).fold(0, |bits, n| bits | 1 << n)
}

fn has(bits: u64, number: i8) -> bool {
    bits & (1 << number.unsigned_abs()) != 0
}

fn midnight(at: DateTime) -> Option<DateTime> {
    at.with().hour(0).minute(0).second(0).build().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn next(schedule: &str, after: &str) -> String {
        let schedule: Schedule = schedule.parse().unwrap();
        schedule.next(after.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn it_fires_at_the_first_instant_that_matches_and_never_at_the_one_that_it_starts_from() {
        let at = "2026-03-01T10:00:00Z"; // a Sunday
        for (schedule, then) in [
            ("0 * * * * *", "2026-03-01T10:01:00Z"),
            ("* * * * *", "2026-03-01T10:01:00Z"),
            ("*/20 * * * * *", "2026-03-01T10:00:20Z"),
            ("30 5/15 * * * *", "2026-03-01T10:05:30Z"),
            ("0 0,30 8-9 * * *", "2026-03-02T08:00:00Z"),
            ("0 0 0 1 * *", "2026-04-01T00:00:00Z"),
            ("0 0 0 * * Mon-Fri", "2026-03-02T00:00:00Z"),
            ("0 0 0 13 * 5", "2026-03-13T00:00:00Z"),
            ("0 0 0 29 feb *", "2028-02-29T00:00:00Z"),
            ("0 0 12 31 4,12 *", "2026-12-31T12:00:00Z"),
        ] {
            assert_eq!(next(schedule, at), then, "{schedule}");
        }
        assert_eq!(next("0 * * * * *", "2026-12-31T23:59:59.999Z"), "2027-01-01T00:00:00Z");
    }

    #[test]
    fn the_default_is_every_minute() {
        assert_eq!("0 * * * * *".parse::<Schedule>().unwrap(), Schedule::default());
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_the_field() {
        for wrong in ["", "* * *", "0 * * * * * *", "00:05:00"] {
            assert_eq!(wrong.parse::<Schedule>(), Err(ScheduleError::Fields), "{wrong}");
        }
        for wrong in [
            "60 * * * * *",
            "*/0 * * * * *",
            "5-1 * * * * *",
            "1, * * * * *",
            "x * * * * *",
            "+1 * * * * *",
            "-1 * * * * *",
        ] {
            assert!(matches!(wrong.parse::<Schedule>(), Err(ScheduleError::Field { field: "second", .. })), "{wrong}");
        }
        assert!("0 0 0 * ja *".parse::<Schedule>().is_err() && "0 0 0 * * anf *".parse::<Schedule>().is_err());
        assert_eq!("0 0 0 31 2 *".parse::<Schedule>(), Err(ScheduleError::Never));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9*/, a-z-]{0,40}") {
            let _ = text.parse::<Schedule>();
        }

        #[test]
        fn the_next_instant_is_later_and_the_first(seconds in 0i64..4_000_000_000, step in 1u8..30) {
            let schedule: Schedule = format!("0 */{step} * * * *").parse().unwrap();
            let after = Timestamp::from_second(seconds).unwrap();
            let found = schedule.next(after).unwrap();
            let minute = |t: Timestamp| t.as_second() / 60;
            prop_assert!(found > after && found.as_second() % 60 == 0 && minute(found) % 60 % i64::from(step) == 0);
            prop_assert!((minute(after) + 1..minute(found)).all(|m| m % 60 % i64::from(step) != 0));
        }
    }
}
