//! From Shodan's JSON to `domain::observation`, banner by banner: one that cannot be read loses only itself.
//!
//! Here belong Shodan's field names and every odd type that was ever seen in them. Nothing is built that is not
//! kept: pages of HTML, chains of certificates and screenshots are passed over unread.

mod banner;
mod blocks;
mod facts;
mod gather;
mod host;
mod keep;
mod search;
mod tls;
mod vulnerabilities;

use app::ports::SourceError;

use super::refusal::error_in_success;
use crate::lenient::{Object, digits, is_null};

pub use host::read_hosts;
pub use search::read_search_page;

/// The answer as an object, unless it is none or says that something went wrong.
pub(super) fn answer_object(text: &str) -> Result<Object<'_>, SourceError> {
    let object = serde_json::from_str(text).map_err(|_| unreadable())?;
    said_error(&object).map_or(Ok(object), Err)
}

fn said_error(object: &Object<'_>) -> Option<SourceError> {
    let error = object.get("error").filter(|error| !is_null(error))?;
    Some(error_in_success(&digits(error).unwrap_or_default()))
}

fn unreadable() -> SourceError {
    SourceError::Unavailable("its answer is cut off or no JSON".into())
}
