//! When people are told: what comes together goes out together.
//!
//! An event opens a window of 30 s, what follows joins it; the next window closes five minutes after the one before, so
//! that a bad hour is a dozen messages. A critical finding closes the window at once, twenty times in five minutes: a
//! flood is one message. Summaries of first polls go out at once too, but an import brings hundreds: while they keep
//! coming each waits twice as long as the one before.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::delivery::DeliveryId;

/// How long a window is open, in seconds.
const LETTER: i64 = 30;
/// What did not open the window comes so many seconds after it closed, at the earliest.
const INTERVAL: i64 = 300;
/// So many messages go out at once within [`INTERVAL`]; and of more events than this a message tells in sum.
pub(super) const CAP: u32 = 20;
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
    #[serde(flatten)]
    pub frame: Frame,
}

/// How long a window is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Frame {
    /// When it closes.
    pub until: Timestamp,
    /// How long it was to be open, in seconds.
    pub wait: i64,
    /// Since when messages that went out at once are counted.
    #[serde(default)]
    pub since: Timestamp,
    /// How many did.
    #[serde(default)]
    pub sent: u32,
}

/// When an event's turn is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// It goes out with the open window's delivery, if that can still be joined.
    pub join: bool,
    /// The window closes now.
    pub at_once: bool,
    /// Else with a new delivery, due at this instant.
    pub at: Timestamp,
    /// The window as it is afterwards, if the event opens or closes one.
    pub frame: Option<Frame>,
}

/// The turn of an event that goes alone.
pub(super) const fn alone(at: Timestamp) -> Turn {
    Turn { join: false, at_once: false, at, frame: None }
}

/// The turn of an event that waits for a time that is set: a digest's, or the end of quiet hours. A window from before
/// somebody asked for earlier times is not joined.
pub(super) fn until(window: Option<&Window>, at: Timestamp, now: Timestamp) -> Turn {
    let frame = Frame { until: at, wait: 0, since: now, sent: 0 };
    Turn {
        join: window.is_some_and(|w| now < w.frame.until && w.frame.until <= at),
        at_once: false,
        at,
        frame: Some(frame),
    }
}

/// The turn of an event in a letter.
pub(super) fn letter(window: Option<&Window>, at_once: bool, now: Timestamp) -> Turn {
    let last = window.map(|w| w.frame);
    let join = last.is_some_and(|f| f.until > now);
    let recent = last.filter(|f| later(f.since, INTERVAL) > now);
    let (since, sent) = recent.map_or((now, 0), |f| (f.since, f.sent));
    if at_once && sent < CAP {
        let frame = Frame { until: now, wait: LETTER, since, sent: sent + 1 };
        return Turn { join, at_once: true, at: now, frame: Some(frame) };
    }
    let at = last.map_or(now, |f| later(f.until, INTERVAL)).max(later(now, LETTER));
    Turn { join, at_once: false, at, frame: Some(Frame { until: at, wait: LETTER, since, sent }) }
}

/// The turn of a first poll's summary.
pub(super) fn summary(window: Option<&Window>, now: Timestamp) -> Turn {
    let frame = |until, wait| Some(Frame { until, wait, since: now, sent: 0 });
    let turn = |join, at, frame| Turn { join, at_once: false, at, frame };
    match window.map(|w| w.frame) {
        Some(f) if now < f.until => turn(true, f.until, frame(f.until, f.wait)),
        Some(f) if now < later(f.until, f.wait) => {
            let wait = (f.wait * 2).min(LONGEST);
            turn(false, later(now, wait), frame(later(now, wait), wait))
        }
        _ => turn(false, now, frame(later(now, SUMMARY), SUMMARY)),
    }
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(number: usize) -> DeliveryId {
        format!("delivery_{number:026x}").parse().unwrap()
    }

    /// When the messages of a channel go out whose events come at these seconds.
    fn messages(events: impl IntoIterator<Item = i64>, at_once: bool) -> Vec<i64> {
        let mut window: Option<Window> = None;
        let mut out = Vec::new();
        for second in events {
            let now = later(Timestamp::UNIX_EPOCH, second);
            let turn = letter(window.as_ref(), at_once, now);
            if !turn.join || turn.at_once {
                out.push(turn.at.as_second());
                window = Some(Window { delivery: delivery(out.len()), frame: turn.frame.unwrap() });
            }
        }
        out
    }

    #[test]
    fn a_bad_hour_is_a_dozen_messages() {
        assert_eq!(messages([0], false), [30]);
        assert_eq!(messages([0, 31, 200, 331], false), [30, 330, 630]);
        assert_eq!(messages([0, 1_000], false), [30, 1_030], "after a pause it is half a minute again");
        assert!(messages(0..3_600, false).len() <= 13);
    }

    #[test]
    fn what_is_critical_goes_at_once_until_it_is_a_flood() {
        assert_eq!(messages([0, 1, 2], true), [0, 1, 2]);
        let flood = messages(0..300, true);
        assert_eq!(flood.len(), 21, "twenty at once, then one for the rest: {flood:?}");
        assert!(*flood.last().unwrap() <= 330);
    }

    #[test]
    fn five_hundred_first_polls_in_eight_minutes_are_a_handful_of_mails() {
        let start = Timestamp::UNIX_EPOCH;
        let mut window: Option<Window> = None;
        let mut mails = std::collections::BTreeSet::new();
        for second in 0..500 {
            let now = later(start, second);
            let turn = summary(window.as_ref(), now);
            // The first delivery went out at once, so it cannot be joined.
            let joined = turn.join && window.as_ref().is_some_and(|w| mails.contains(&w.frame.until));
            if !joined {
                mails.insert(turn.at);
                window = Some(Window { delivery: delivery(mails.len()), frame: turn.frame.unwrap() });
            }
        }
        assert!((2..=5).contains(&mails.len()), "{mails:?}");
        assert_eq!(mails.first(), Some(&start), "the first one goes out at once");
    }

    #[test]
    fn a_quiet_channel_hears_of_a_first_poll_at_once_again() {
        let frame = Frame { until: later(Timestamp::UNIX_EPOCH, 60), wait: 60, since: Timestamp::UNIX_EPOCH, sent: 0 };
        let window = Window { delivery: delivery(0), frame };
        let now = later(Timestamp::UNIX_EPOCH, 121);
        assert_eq!(summary(Some(&window), now).at, now);
    }
}
