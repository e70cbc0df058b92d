use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ports::{SourceError, Validators};

/// How one publisher stands: what we have of it, and how it answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Feed {
    /// Names the edition that we have.
    pub(super) validators: Validators,
    /// The publisher's own date of what we have.
    pub date: Option<Date>,
    /// When it was last asked.
    pub checked: Option<Timestamp>,
    /// When it last answered.
    pub succeeded: Option<Timestamp>,
    /// Answers that failed to come since then.
    pub failures: u32,
    /// What the last failure was; `None`: it answers.
    pub message: Option<String>,
}

/// After a failure it is asked again so much later, twice as late each time.
const RETRY: SignedDuration = SignedDuration::from_mins(5);
const MOST_DOUBLINGS: u32 = 8;

impl Feed {
    /// Is it time to ask? `every`: between two answers.
    pub(super) fn is_due(&self, every: SignedDuration, now: Timestamp) -> bool {
        let Some(checked) = self.checked else { return true };
        let wait = if self.failures == 0 { every } else { self.wait().min(every) };
        now.duration_since(checked) >= wait
    }

    /// May it be asked at any time, or did it fail so lately that it is left alone?
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        self.failures == 0 || self.checked.is_none_or(|checked| now.duration_since(checked) >= self.wait())
    }

    /// When it is time to ask again.
    pub(super) fn next(&self, every: SignedDuration, now: Timestamp) -> Timestamp {
        let wait = if self.failures == 0 { every } else { self.wait().min(every) };
        self.checked.and_then(|checked| checked.checked_add(wait).ok()).unwrap_or(now)
    }

    /// From when on it may be asked at any time.
    pub(super) fn opens(&self, now: Timestamp) -> Timestamp {
        if self.failures == 0 { now } else { self.next(self.wait(), now).max(now) }
    }

    fn wait(&self) -> SignedDuration {
        let times = 1_i32 << (self.failures.saturating_sub(1)).min(MOST_DOUBLINGS);
        RETRY.checked_mul(times).unwrap_or(RETRY)
    }

    pub(super) fn answered(&mut self, now: Timestamp) {
        (self.checked, self.succeeded, self.failures, self.message) = (Some(now), Some(now), 0, None);
    }

    pub(super) fn failed(&mut self, error: &SourceError, now: Timestamp) {
        self.checked = Some(now);
        self.failures = self.failures.saturating_add(1);
        self.message = Some(error.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publisher_that_fails_is_asked_again_soon_and_then_ever_later() {
        let at = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let every = SignedDuration::from_hours(6);
        let mut feed = Feed::default();
        assert!(feed.is_due(every, at(0)));
        feed.answered(at(0));
        assert!(!feed.is_due(every, at(359)) && feed.is_due(every, at(360)));
        feed.failed(&SourceError::Unavailable("down".into()), at(360));
        assert!(!feed.is_due(every, at(364)) && feed.is_due(every, at(365)));
        feed.failed(&SourceError::Unavailable("down".into()), at(365));
        assert!(!feed.is_open(at(374)) && feed.is_open(at(375)));
        for _ in 0..40 {
            feed.failed(&SourceError::Unavailable("down".into()), at(400));
        }
        assert!(feed.is_due(every, at(400 + 360)), "never later than when all is well");
        assert_eq!((feed.succeeded, feed.message.is_some()), (Some(at(0)), true));
    }
}
