use app::ports::SourceError;
use shodan_client::Error;

/// The client's error in the port's words.
pub(crate) fn source_error(error: Error) -> SourceError {
    match error {
        Error::BadKey => SourceError::BadKey,
        Error::PlanTooLow(words) => SourceError::PlanTooLow(words),
        Error::RateLimited { wait } => {
            SourceError::RateLimited { wait_seconds: u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).max(1) }
        }
        Error::OutOfCredits | Error::NotAffordable(_) => SourceError::OutOfCredits,
        Error::NothingKnown => SourceError::Rejected("nothing known".into()),
        Error::Rejected(words) => SourceError::Rejected(words),
        Error::Unavailable(words) => SourceError::Unavailable(words),
        // A search that lost its place or a service that moved: nothing for today, and nobody's fault.
        other => SourceError::Unavailable(other.to_string()),
    }
}

/// The governor's refusal in the client's words.
pub(super) fn client_error(error: SourceError) -> Error {
    match error {
        SourceError::RateLimited { wait_seconds } => {
            Error::RateLimited { wait: std::time::Duration::from_secs(wait_seconds.into()) }
        }
        other => Error::Unavailable(other.to_string()),
    }
}
