use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// An instant such as `2020-12-16T20:00:25.339321`; without a zone it is UTC.
pub fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(with_zone) = text.parse::<Timestamp>() {
        return Some(with_zone);
    }
    in_utc(text.parse::<DateTime>().ok()?)
}

/// An instant as certificates write it: `20240101120000Z`, or with two digits of the year `240101120000Z`.
pub fn asn1_instant(text: &str) -> Option<Timestamp> {
    let digits = text.trim().trim_end_matches('Z');
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match digits.len() {
        14 => (digits[..4].parse().ok()?, &digits[4..]),
        // RFC 5280, 4.1.2.5.1: 50 and above is the last century.
        12 => {
            let short: i16 = digits[..2].parse().ok()?;
            (short + if short >= 50 { 1900 } else { 2000 }, &digits[2..])
        }
        _ => return None,
    };
    let part = |at: usize| rest[at..at + 2].parse::<i8>().ok();
    in_utc(DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, 0).ok()?)
}

fn in_utc(civil: DateTime) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(civil).ok()
}

#[cfg(test)]
mod tests {
    use super::{asn1_instant, instant};

    #[test]
    fn six_digits_without_a_zone_are_utc() {
        for (text, expected) in [
            ("2020-12-16T20:00:25.339321", Some("2020-12-16T20:00:25.339321Z")),
            ("2020-12-16T20:00:25.339321Z", Some("2020-12-16T20:00:25.339321Z")),
            ("2020-12-16 20:00:25", Some("2020-12-16T20:00:25Z")),
            ("2020-12-16T21:00:25+01:00", Some("2020-12-16T20:00:25Z")),
            ("2020-13-16T20:00:25", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(instant(text).map(|t| t.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn certificates_count_years_in_two_ways() {
        for (text, expected) in [
            ("20240101120000Z", Some("2024-01-01T12:00:00Z")),
            ("491231235959Z", Some("2049-12-31T23:59:59Z")),
            ("500101000000Z", Some("1950-01-01T00:00:00Z")),
            ("20241301000000Z", None),
            ("2024é0101000Z", None),
            ("2024", None),
        ] {
            assert_eq!(asn1_instant(text).map(|t| t.to_string()).as_deref(), expected, "{text}");
        }
    }
}
