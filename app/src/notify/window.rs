//! When people are told: what comes together goes out together.
//!
//! An event opens a window of 30 s, what follows joins it, a critical finding closes it at once. Summaries of first
//! polls go out at once too, but an import brings hundreds: while they keep coming each mail waits twice as long
//! as the one before, so that an hour of first polls is a handful of mails.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::delivery::DeliveryId;

/// How long a window is open, in seconds.
pub(super) const LETTER: i64 = 30;
/// How long the second summary of a burst waits, in seconds.
const SUMMARY: i64 = 60;
/// How long a summary waits at most, in seconds.
const LONGEST: i64 = 900;

/// The last window of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window {
    /// What goes out with it.
    pub delivery: DeliveryId,
    /// When it closes.
    pub until: Timestamp,
    /// How long it was to be open, in seconds.
    pub wait: i64,
}

/// When an event's turn is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// It goes out with the open window's delivery, if that can still be joined.
    pub join: bool,
    /// Else with a new delivery, due at this instant.
    pub at: Timestamp,
    /// The new delivery's window, if it has one: when it closes, how long it is open.
    pub window: Option<(Timestamp, i64)>,
}

/// The turn of an event in a letter.
pub(super) fn letter(window: Option<&Window>, at_once: bool, now: Timestamp) -> Turn {
    let join = window.is_some_and(|w| w.until > now);
    if at_once {
        return Turn { join, at: now, window: None };
    }
    let at = later(now, LETTER);
    Turn { join, at, window: Some((at, LETTER)) }
}

/// The turn of a first poll's summary.
pub(super) fn summary(window: Option<&Window>, now: Timestamp) -> Turn {
    match window {
        Some(w) if now < w.until => Turn { join: true, at: w.until, window: Some((w.until, w.wait)) },
        Some(w) if now < later(w.until, w.wait) => {
            let wait = (w.wait * 2).min(LONGEST);
            Turn { join: false, at: later(now, wait), window: Some((later(now, wait), wait)) }
        }
        _ => Turn { join: false, at: now, window: Some((later(now, SUMMARY), SUMMARY)) },
    }
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_hundred_first_polls_in_eight_minutes_are_a_handful_of_mails() {
        let start = Timestamp::UNIX_EPOCH;
        let mut window: Option<Window> = None;
        let mut mails = std::collections::BTreeSet::new();
        for second in 0..500 {
            let now = later(start, second);
            let turn = summary(window.as_ref(), now);
            // The first delivery went out at once, so it cannot be joined.
            let joined = turn.join && window.as_ref().is_some_and(|w| mails.contains(&w.until));
            if !joined {
                mails.insert(turn.at);
                let (until, wait) = turn.window.unwrap();
                let delivery = format!("delivery_{:026x}", mails.len()).parse().unwrap();
                window = Some(Window { delivery, until, wait });
            }
        }
        assert!((2..=5).contains(&mails.len()), "{mails:?}");
        assert_eq!(mails.first(), Some(&start), "the first one goes out at once");
    }

    #[test]
    fn a_quiet_channel_hears_of_a_first_poll_at_once_again() {
        let window = Window {
            delivery: format!("delivery_{}", "0".repeat(26)).parse().unwrap(),
            until: later(Timestamp::UNIX_EPOCH, 60),
            wait: 60,
        };
        let now = later(Timestamp::UNIX_EPOCH, 121);
        assert_eq!(summary(Some(&window), now).at, now);
    }
}
