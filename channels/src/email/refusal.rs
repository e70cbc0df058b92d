use std::error::Error as _;

use app::ports::MailError;
use lettre::transport::smtp::Error;

use crate::excerpt::{MAX_EXCERPT, one_line};

/// What a failed hand-over means for this mail.
pub(super) fn refusal(error: &Error) -> MailError {
    let code = error.status().map(u16::from);
    let message = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    MailError { code, retry: may_work_later(error, code), message: one_line(&message, MAX_EXCERPT) }
}

/// A mail that cannot be handed over as it is.
pub(super) fn unsendable(reason: &str) -> MailError {
    MailError { code: None, retry: false, message: one_line(reason, MAX_EXCERPT) }
}

fn may_work_later(error: &Error, code: Option<u16>) -> bool {
    match code {
        // The server turns *us* away (RFC 4954 §6: no or wrong credentials): the recipient is not to blame, and the
        // operator can repair it.
        Some(530 | 534 | 535 | 538) => true,
        Some(code) => code < 500,
        // Without a code: the connection, TLS, a time-out. Only a mail that our side cannot express stays impossible.
        None => !error.is_client(),
    }
}
