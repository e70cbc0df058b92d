use std::fmt;
use std::str::FromStr;

use jiff::civil::{self, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a clock on the wall shows, to the minute: `07:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    hour: i8,
    minute: i8,
}

/// Not a time of day such as `07:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a time of day such as 07:30")]
pub struct BadTime;

impl TimeOfDay {
    /// A whole hour, for defaults.
    pub const fn hour(hour: u8) -> Self {
        Self { hour: (hour % 24).cast_signed(), minute: 0 }
    }

    /// This time on that day in a zone. A time that the clocks skip is as much later as they skip; of a time that
    /// comes twice the first one counts.
    pub(super) fn on(self, day: civil::Date, zone: &TimeZone) -> Option<Timestamp> {
        let wall: DateTime = day.at(self.hour, self.minute, 0, 0);
        zone.to_ambiguous_zoned(wall).compatible().ok().map(|zoned| zoned.timestamp())
    }
}

impl FromStr for TimeOfDay {
    type Err = BadTime;
    fn from_str(text: &str) -> Result<Self, BadTime> {
        let (hour, minute) = text.split_once(':').ok_or(BadTime)?;
        let part = |text: &str, below: i8| {
            let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            text.parse().ok().filter(|n: &i8| digits && *n < below).ok_or(BadTime)
        };
        Ok(Self { hour: part(hour, 24)?, minute: part(minute, 60)? })
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = BadTime;
    fn try_from(text: String) -> Result<Self, BadTime> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

/// The zone of an IANA name, from the list inside the program. `None`: there is no such zone.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// The zone of a name that was checked when it was stored; UTC if the list lost it since.
pub(super) fn zone_or_utc(name: &str) -> TimeZone {
    zone(name).unwrap_or(TimeZone::UTC)
}

/// The first full hour of a zone after an instant: half past, where the zone is half an hour off.
pub(super) fn next_hour(after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let local = after.to_zoned(zone.clone());
    let begun = local.with().minute(0).second(0).subsec_nanosecond(0).build().ok()?.timestamp();
    let mut next = begun.checked_add(1.hour()).ok()?;
    while next <= after {
        next = next.checked_add(SignedDuration::from_hours(1)).ok()?;
    }
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_two_digits_a_colon_and_two_digits() {
        for good in ["00:00", "07:30", "23:59"] {
            assert_eq!(good.parse::<TimeOfDay>().unwrap().to_string(), good);
        }
        for bad in ["", "7:30", "24:00", "12:60", "12:5", "12:05:00", "-1:00", "+1:00", "１２:00"] {
            assert!(bad.parse::<TimeOfDay>().is_err(), "{bad}");
        }
    }

    #[test]
    fn zones_are_known_by_name_and_nothing_else_is_one() {
        for good in ["UTC", "Europe/Vienna", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"] {
            assert!(zone(good).is_some(), "{good}");
        }
        for bad in ["", "Mars/Olympus", "../../etc/passwd", "+02:00"] {
            assert!(zone(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn full_hours_are_those_of_the_zone() {
        let next = |after: &str, name| next_hour(after.parse().unwrap(), &zone(name).unwrap()).unwrap().to_string();
        assert_eq!(next("2026-03-02T08:00:00Z", "UTC"), "2026-03-02T09:00:00Z");
        assert_eq!(next("2026-03-02T08:59:59.9Z", "UTC"), "2026-03-02T09:00:00Z");
        assert_eq!(next("2026-03-02T08:00:00Z", "Asia/Kolkata"), "2026-03-02T08:30:00Z");
        // The hour that comes twice is two hours.
        assert_eq!(next("2026-10-25T00:30:00Z", "Europe/Vienna"), "2026-10-25T01:00:00Z");
        assert_eq!(next("2026-10-25T01:00:00Z", "Europe/Vienna"), "2026-10-25T02:00:00Z");
    }
}
