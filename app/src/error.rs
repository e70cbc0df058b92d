use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ports::StoreError;

/// What a person's request ran into, in the API's words: [`UserErrorCode`] is data, the rest are errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the API's UserErrorCode, described there")]
pub enum UserErrorCode {
    Required,
    Invalid,
    TooLong,
    TooMany,
    Taken,
    NotFound,
    Conflict,
    NotAllowed,
    PrivateAddress,
    QuotaExceeded,
    WeakPassword,
    InvalidCredentials,
    Expired,
    RateLimited,
    Upstream,
}

/// A fault in what a person asked for: says what to do, and loses nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct UserError {
    /// What kind of fault.
    pub code: UserErrorCode,
    /// What to do.
    pub message: String,
    /// Path of the input field at fault, such as `["input", "target"]`; empty: not in one field.
    pub field: Vec<String>,
}

impl UserError {
    /// A fault of one input field.
    pub fn of(code: UserErrorCode, field: &str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: vec!["input".into(), field.into()] }
    }

    /// A fault of no single field.
    pub fn general(code: UserErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: Vec::new() }
    }
}

/// Why a use case did not do what was asked.
#[derive(Debug, Error)]
pub enum Error {
    /// Faults in what was asked for.
    #[error("{}", .0.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join("; "))]
    User(Vec<UserError>),
    /// Nobody is signed in.
    #[error("sign in first")]
    Unauthenticated,
    /// Whoever is signed in may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// Too often; wait so long.
    #[error("too many tries; wait {0} s")]
    RateLimited(u32),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A source.
    #[error(transparent)]
    Source(#[from] crate::ports::SourceError),
    /// Somebody else kept changing the same things.
    #[error("too many others change this at the moment; try again")]
    Busy,
}

impl From<UserError> for Error {
    fn from(error: UserError) -> Self {
        Self::User(vec![error])
    }
}
