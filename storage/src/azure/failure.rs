//! What went wrong with a request: was it sent at all, was it answered, and with which code. Texts here never hold a
//! URL's query or a header.

use app::ports::{Refusal, StoreError};
use azure_core::error::{Error, ErrorKind};
use thiserror::Error;

/// What the transport reports when there is no answer. It travels through the crates inside of their error.
#[derive(Debug, Error)]
pub(super) enum NoAnswer {
    /// Nothing was sent: no connection, no token.
    #[error("{0}")]
    NotSent(String),
    /// It was sent, or may have been.
    #[error("{0}")]
    Lost(String),
}

/// Why a request brought no result.
#[derive(Debug)]
pub(super) enum Failure {
    /// It certainly did nothing.
    NotSent(String),
    /// Nobody knows what it did.
    Lost(String),
    /// The service refuses it.
    Answered {
        /// The HTTP status.
        status: u16,
        /// Azure's code, such as `EntityAlreadyExists`; may be empty.
        code: String,
        /// Which change of a batch was at fault, if it said so.
        index: Option<usize>,
    },
    /// It was answered with something that cannot be understood.
    Unreadable(String),
}

impl Failure {
    /// Is it an answer with this code?
    pub(super) fn is(&self, expected: &str) -> bool {
        matches!(self, Self::Answered { code, .. } if code == expected)
    }

    /// As an error of a write: what the limits let through and Azure does not is this refusal.
    pub(super) fn of_write(self, refusal: Refusal) -> StoreError {
        match self {
            Self::Answered { status: status @ (400 | 413), code, .. } => {
                tracing::error!(status, code, "Azure Storage refuses what our limits allow");
                StoreError::Refused(refusal)
            }
            other => other.into(),
        }
    }

    /// May the request have been carried out all the same?
    pub(super) fn is_ambiguous(&self) -> bool {
        match self {
            Self::NotSent(_) => false,
            Self::Lost(_) | Self::Unreadable(_) => true,
            Self::Answered { status, .. } => *status == 408 || *status >= 500,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Some(answer) = error.as_http_error() {
            let message = answer.error_message().unwrap_or_default();
            return Self::Answered {
                status: answer.status().into(),
                code: answer.error_code().unwrap_or_default().to_owned(),
                index: message.split_once(':').and_then(|(index, _)| index.parse().ok()),
            };
        }
        match no_answer(&error) {
            Some(NoAnswer::NotSent(why)) => Self::NotSent(why.clone()),
            Some(NoAnswer::Lost(why)) => Self::Lost(why.clone()),
            // What the crates themselves cannot do: sign (before sending), or parse (afterwards).
            None if *error.kind() == ErrorKind::Credential => Self::NotSent("the request could not be signed".into()),
            None => Self::Unreadable(innermost(&error)),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotSent(why) | Failure::Lost(why) => Self::Unavailable(why),
            Failure::Unreadable(why) => Self::Corrupt(why),
            Failure::Answered { status: status @ (408 | 429 | 500..), code, .. } => {
                Self::Unavailable(format!("Azure Storage answers {status} {code}"))
            }
            Failure::Answered { status, code, .. } => Self::Denied(format!("Azure Storage answers {status} {code}")),
        }
    }
}

fn no_answer(error: &Error) -> Option<&NoAnswer> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// The crates wrap what happened in generic words; the innermost error says it.
fn innermost(error: &Error) -> String {
    let mut error: &dyn std::error::Error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}
