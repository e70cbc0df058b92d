use std::fmt;
use std::time::Duration;

/// A figure that was taken several times: its median, with the least and the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    least: f64,
    greatest: f64,
    unit: &'static str,
}

impl Spread {
    /// Of figures in one unit; nothing of none.
    pub(crate) fn of(unit: &'static str, figures: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
        let last = sorted.len().saturating_sub(1);
        Self { median: f64::midpoint(at(last / 2), at(last.div_ceil(2))), least: at(0), greatest: at(last), unit }
    }

    /// Of times, in milliseconds.
    pub(crate) fn of_times(times: impl IntoIterator<Item = Duration>) -> Self {
        Self::of("ms", times.into_iter().map(milliseconds))
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, least, greatest, unit } = self;
        write!(f, "{} {unit}", Short(*median))?;
        if (least - greatest).abs() > f64::EPSILON {
            write!(f, " ({}–{})", Short(*least), Short(*greatest))?;
        }
        Ok(())
    }
}

/// A number with as many digits as it deserves.
pub(crate) struct Short(pub(crate) f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0.0 => f.write_str("0"),
            number if number.abs() >= 10_000.0 => grouped(f, number),
            number if number.abs() >= 100.0 => write!(f, "{number:.0}"),
            number if number.abs() >= 10.0 => write!(f, "{number:.1}"),
            number if number.abs() >= 0.1 => write!(f, "{number:.2}"),
            number => write!(f, "{number:.4}"),
        }
    }
}

/// Thousands apart, as the rest of the documentation writes them.
fn grouped(f: &mut fmt::Formatter<'_>, number: f64) -> fmt::Result {
    let digits = format!("{number:.0}");
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            f.write_str(" ")?;
        }
        write!(f, "{digit}")?;
    }
    Ok(())
}

/// In milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// In microseconds.
pub(crate) fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The time that so many of a hundred did not exceed; `sorted` ascends and is not empty.
pub(crate) fn percentile(sorted: &[Duration], of_hundred: usize) -> Duration {
    let place = (sorted.len() * of_hundred).div_ceil(100).max(1) - 1;
    sorted.get(place).copied().unwrap_or_default()
}

/// As a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts of a bench are far below 2^52")]
pub(crate) fn number(count: impl TryInto<u64>) -> f64 {
    count.try_into().map_or(f64::NAN, |count| count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_its_median_with_least_and_greatest() {
        assert_eq!(Spread::of("ms", [3.0, 1.0, 2.0]).to_string(), "2.00 ms (1.00–3.00)");
        assert_eq!(Spread::of("MB", [12.25]).to_string(), "12.2 MB");
        assert_eq!(Spread::of("/s", [1.0, 2.0]).to_string(), "1.50 /s (1.00–2.00)");
        assert_eq!(Spread::of("/s", [1_234_567.0]).to_string(), "1 234 567 /s");
    }

    #[test]
    fn a_percentile_is_one_of_the_times() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(100));
        assert_eq!(percentile(&times, 99), Duration::from_millis(198));
        assert_eq!(percentile(&times[..1], 99), Duration::from_millis(1));
    }
}
