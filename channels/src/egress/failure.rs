use std::error::Error;
use std::io;

use app::ports::AttemptError;

use super::endpoint::Blocked;
use super::resolve::ResolveError;

/// Why there was no answer, and what to write into the log of deliveries. Holds nothing of the URL but its host:
/// paths and queries are often secrets.
pub(crate) struct Failure {
    pub(crate) error: AttemptError,
    pub(crate) reason: String,
}

impl Failure {
    pub(super) fn new(error: AttemptError, reason: impl Into<String>) -> Self {
        Self { error, reason: reason.into() }
    }

    /// The request was not one that could be made. Told as the connection that there was not.
    pub(crate) fn not_sent(why: &str) -> Self {
        Self::new(AttemptError::Connect, format!("not sent: {why}"))
    }
}

impl From<Blocked> for Failure {
    fn from(blocked: Blocked) -> Self {
        Self::new(AttemptError::BlockedAddress, blocked.to_string())
    }
}

impl From<&ResolveError> for Failure {
    fn from(error: &ResolveError) -> Self {
        let kind = match error {
            ResolveError::Blocked { .. } | ResolveError::TooMany(_) => AttemptError::BlockedAddress,
            ResolveError::NoAddress(_) | ResolveError::Timeout(_) | ResolveError::Failed(..) => AttemptError::Dns,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        let chain = causes(&error);
        if let Some(resolve) = chain.iter().find_map(|e| e.downcast_ref::<ResolveError>()) {
            return resolve.into();
        }
        if let Some(tls) = chain.iter().find_map(|e| e.downcast_ref::<rustls::Error>()) {
            return Self::new(AttemptError::Tls, format!("no secure connection: {tls}"));
        }
        if error.is_timeout() {
            return Self::new(AttemptError::Timeout, "no complete answer in time");
        }
        // The outermost error names the whole URL; the innermost cause names none.
        let cause = chain
            .last()
            .filter(|_| chain.len() > 1)
            .map_or_else(|| "the request could not be made".into(), ToString::to_string);
        let kind = if error.is_dns() { AttemptError::Dns } else { AttemptError::Connect };
        Self::new(kind, cause)
    }
}

/// An error and what caused it, outermost first. [`io::Error::source`] skips the error that it wraps: it is put back.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut chain = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        chain.push(error);
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|e| e as &(dyn Error + 'static)).or_else(|| error.source());
    }
    chain
}
