use std::time::Duration;

use thiserror::Error;

use crate::cost::Shortfall;
use crate::exchange::redacted;

/// Why there is no answer. No text in it ever holds the key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The key is not accepted: somebody has to act.
    #[error("the key is not accepted")]
    BadKey,
    /// The plan does not allow this call.
    #[error("the plan does not allow this: {0}")]
    PlanTooLow(String),
    /// Asked too fast.
    #[error("asked too fast; wait {} s", wait.as_secs())]
    RateLimited {
        /// How long to wait, at least a second whatever Shodan says (it says 0).
        wait: Duration,
    },
    /// The month's credits are used up.
    #[error("out of credits")]
    OutOfCredits,
    /// The call would cost more than is left; it was not made.
    #[error("not asked, since {0}")]
    NotAffordable(Shortfall),
    /// Shodan knows nothing of what was asked. Not the same as "there is nothing".
    #[error("nothing is known of it")]
    NothingKnown,
    /// The question itself is refused.
    #[error("the question is refused: {0}")]
    Rejected(String),
    /// A search lost its place: Shodan wants it to begin again at page 1.
    #[error("the search lost its place and must begin again at page 1")]
    CursorExpired,
    /// The Exploits API is not where it was: it sends elsewhere, and what is there speaks another language.
    #[error("the Exploits API has moved to {to}")]
    ExploitsMoved {
        /// The host that it sends to, or `elsewhere`.
        to: String,
    },
    /// No usable answer: down, timed out, cut off. Later may work.
    #[error("not available: {0}")]
    Unavailable(String),
}

impl Error {
    /// Does asking again later make sense without anybody acting?
    pub fn retry(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unavailable(_))
    }

    /// An answer that is cut off or no JSON.
    pub(crate) fn unreadable() -> Self {
        Self::Unavailable("its answer is cut off or no JSON".into())
    }

    /// The error with the key blotted out of what Shodan said: it may repeat the question.
    pub(crate) fn without(self, key: &str) -> Self {
        match self {
            Self::PlanTooLow(text) => Self::PlanTooLow(redacted(&text, key)),
            Self::Rejected(text) => Self::Rejected(redacted(&text, key)),
            Self::ExploitsMoved { to } => Self::ExploitsMoved { to: redacted(&to, key) },
            Self::Unavailable(text) => Self::Unavailable(redacted(&text, key)),
            other => other,
        }
    }
}
