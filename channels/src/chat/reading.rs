use app::ports::{Attempt, AttemptError, Directive};
use serde_json::Value;

use crate::egress::Answer;

/// What an answer means to the product that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Taken.
    Taken,
    /// Not taken; later may work.
    Later,
    /// Not taken, and never will be: the message is at fault.
    Never,
    /// The room, the webhook or the key is no more.
    Gone,
}

impl Verdict {
    /// Where nothing is known of the answer's words: its status.
    pub(super) fn of_status(answer: &Answer) -> Self {
        match answer.status.as_u16() {
            200..=299 => Self::Taken,
            400 | 413 | 415 | 422 => Self::Never,
            410 => Self::Gone,
            _ => Self::Later,
        }
    }

    /// In the words of the port.
    pub(super) fn told(self, answer: &Answer) -> (Option<AttemptError>, Option<Directive>) {
        // A 200 that says "no" is told as the status that it hides.
        let error = answer.error().or(Some(AttemptError::HttpStatus));
        match self {
            Self::Taken => (None, None),
            Self::Later => (error, None),
            Self::Never => (error, Some(Directive::AbortMessage)),
            Self::Gone => (error, Some(Directive::Disable)),
        }
    }
}

/// The answer's body as text, for the words that a product is known by.
pub(super) fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).trim().to_owned()
}

/// The answer's body as JSON; `Null` if it is none.
pub(super) fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// Takes a wait that stands in the body, in seconds, beside the header's: the longer one counts, up to a day.
pub(super) fn wait_at_least(attempt: &mut Attempt, seconds: Option<u32>) {
    attempt.retry_after = attempt.retry_after.max(seconds);
}
