use serde_json::value::RawValue;

use crate::Error;
use crate::lenient::{self, Object, digits, is_null, truth};
use crate::refusal::error_in_success;

/// The answer as JSON of any kind, unless it is none or says that something went wrong.
pub(crate) fn value(text: &str) -> Result<&RawValue, Error> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|_| Error::unreadable())?;
    match lenient::object(raw).as_ref().and_then(said_error) {
        Some(error) => Err(error),
        None => Ok(raw),
    }
}

/// The answer as an object, unless it is none or says that something went wrong.
///
/// # Errors
/// [`Error::Unavailable`] when it is cut off or no object; what its `error` member means, if it has one.
pub fn object(text: &str) -> Result<Object<'_>, Error> {
    let object = serde_json::from_str(text).map_err(|_| Error::unreadable())?;
    said_error(&object).map_or(Ok(object), Err)
}

/// What the `error` member of an answer means, if it has one.
pub fn said_error(object: &Object<'_>) -> Option<Error> {
    let error = object.get("error").filter(|error| !is_null(error))?;
    Some(error_in_success(&digits(error).unwrap_or_default()))
}

/// The answer as a list.
pub(crate) fn list(text: &str) -> Result<Vec<&RawValue>, Error> {
    lenient::list(value(text)?).ok_or_else(Error::unreadable)
}

/// The answer to a change: done, unless it says otherwise. What it says of success differs from call to call, and
/// some answers are empty.
pub(crate) fn done(text: &str) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let failed = lenient::object(value(text)?).is_some_and(|object| object.read("success", truth) == Some(false));
    if failed { Err(Error::Rejected("it was not done".into())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_done_unless_it_is_said_otherwise() {
        for fine in ["", "{}", r#"{"success":true}"#, "null", r#"{"success":true,"id":"x"}"#] {
            assert_eq!(done(fine), Ok(()), "{fine}");
        }
        assert!(matches!(done(r#"{"success":false}"#), Err(Error::Rejected(_))));
        assert_eq!(done(r#"{"error":"Invalid API key"}"#), Err(Error::BadKey));
        assert!(matches!(done("<html>"), Err(Error::Unavailable(_))));
    }
}
