use std::time::Duration;

use http::StatusCode;

use crate::Error;
use crate::lenient::{Object, line, repaired, string};

/// How long to wait at most after a 429, in seconds.
const LONGEST_WAIT: u32 = 3600;

/// What an answer that is no success means. Shodan's words count for more than the status, and a page of HTML has
/// no words.
pub(crate) fn refusal(status: StatusCode, retry_after: Option<u32>, body: &[u8]) -> Error {
    let words = words(body);
    if status == StatusCode::NOT_FOUND && words.as_deref().is_some_and(says_nothing_known) {
        return Error::NothingKnown;
    }
    match status.as_u16() {
        401 => Error::BadKey,
        429 => rate_limited(retry_after),
        _ => match words.as_deref().and_then(meaning) {
            Some(error) => error,
            None => by_status(status, words),
        },
    }
}

/// What an `{"error": …}` in an answer with status 200 means.
pub(crate) fn error_in_success(words: &str) -> Error {
    let words = line(words, 200).unwrap_or_else(|| "an error without words".into());
    meaning(&words).unwrap_or(Error::Unavailable(words))
}

fn words(body: &[u8]) -> Option<String> {
    let text = repaired(body.get(..body.len().min(64 * 1024))?);
    let object: Object<'_> = serde_json::from_str(&text).ok()?;
    object.read("error", string).and_then(|words| line(&words, 200))
}

fn says_nothing_known(words: &str) -> bool {
    words.to_ascii_lowercase().contains("no information available")
}

fn rate_limited(retry_after: Option<u32>) -> Error {
    // Shodan sends `Retry-After: 0` and means a second.
    Error::RateLimited { wait: Duration::from_secs(retry_after.unwrap_or(1).clamp(1, LONGEST_WAIT).into()) }
}

/// What known words mean, whatever the status.
fn meaning(words: &str) -> Option<Error> {
    let lower = words.to_ascii_lowercase();
    let says = |any: &[&str]| any.iter().any(|part| lower.contains(part));
    if says(&["rate limit"]) {
        Some(rate_limited(None))
    } else if says(&["cursor timed out", "restart from page 1"]) {
        Some(Error::CursorExpired)
    } else if says(&["credits"]) {
        Some(Error::OutOfCredits)
    } else if says(&["invalid api key", "api key is invalid", "please provide an api key"]) {
        Some(Error::BadKey)
    } else if says(&["requires membership", "access denied", "upgrade your", "higher to access", "enterprise"]) {
        Some(Error::PlanTooLow(words.to_owned()))
    } else if says(&["timed out", "bad gateway", "try again", "internal server error"]) {
        Some(Error::Unavailable(words.to_owned()))
    } else if says(&["invalid"]) {
        Some(Error::Rejected(words.to_owned()))
    } else {
        None
    }
}

fn by_status(status: StatusCode, words: Option<String>) -> Error {
    let code = status.as_u16();
    match (code, words) {
        (402 | 403, words) => Error::PlanTooLow(words.unwrap_or_else(|| format!("status {code}"))),
        // Without Shodan's own words a 404 or a redirect comes from something in between.
        (400 | 404 | 405 | 422, Some(words)) => Error::Rejected(words),
        (400 | 414 | 422, None) => Error::Rejected(format!("status {code}")),
        (_, Some(words)) => Error::Unavailable(format!("status {code}: {words}")),
        (_, None) => Error::Unavailable(format!("status {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, retry_after: Option<u32>, body: &str) -> Error {
        refusal(StatusCode::from_u16(status).unwrap(), retry_after, body.as_bytes())
    }

    #[test]
    fn every_known_refusal_has_its_meaning() {
        let nginx = "<html><title>401 Authorization Required</title></html>";
        let slow = r#"{"error": "Request rate limit reached (1 request/ second). Please wait a second before trying again and slow down your API calls."}"#;
        let credits = r#"{"error": "Insufficient query credits, please upgrade your API plan or wait for the monthly limit to reset"}"#;
        let second = Error::RateLimited { wait: Duration::from_secs(1) };
        for (status, retry_after, body, expected) in [
            (401, None, r#"{"error": "Invalid API key"}"#, Error::BadKey),
            (401, None, nginx, Error::BadKey),
            (403, None, "<html>403 Forbidden</html>", Error::PlanTooLow("status 403".into())),
            (
                403,
                None,
                r#"{"error":"Access denied (403 Forbidden)"}"#,
                Error::PlanTooLow("Access denied (403 Forbidden)".into()),
            ),
            (
                400,
                None,
                r#"{"error":"Requires membership or higher to access"}"#,
                Error::PlanTooLow("Requires membership or higher to access".into()),
            ),
            (404, None, r#"{"error":"Invalid IP"}"#, Error::Rejected("Invalid IP".into())),
            (404, None, "<html>", Error::Unavailable("status 404".into())),
            (429, Some(0), slow, second.clone()),
            (429, None, "", second.clone()),
            (429, Some(7), "", Error::RateLimited { wait: Duration::from_secs(7) }),
            (429, Some(u32::MAX), "", Error::RateLimited { wait: Duration::from_hours(1) }),
            (503, None, slow, second),
            (403, None, credits, Error::OutOfCredits),
            (500, None, r#"{"error":"Search cursor timed out. Restart from page 1"}"#, Error::CursorExpired),
            (401, None, "", Error::BadKey),
            (500, None, "oops", Error::Unavailable("status 500".into())),
            (502, None, "<html>502 Bad Gateway</html>", Error::Unavailable("status 502".into())),
            (524, None, "", Error::Unavailable("status 524".into())),
            (301, None, "", Error::Unavailable("status 301".into())),
        ] {
            assert_eq!(refused(status, retry_after, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn unknown_is_only_what_shodan_itself_says() {
        assert_eq!(refused(404, None, r#"{"error": "No information available for that IP."}"#), Error::NothingKnown);
        assert_ne!(refused(404, None, "No information available"), Error::NothingKnown);
        assert_ne!(refused(500, None, r#"{"error": "No information available for that IP."}"#), Error::NothingKnown);
    }

    #[test]
    fn an_error_can_come_with_status_200() {
        let slow = "The search request timed out or your query was invalid.";
        assert_eq!(error_in_success(slow), Error::Unavailable(slow.into()));
        assert_eq!(error_in_success("Invalid API key"), Error::BadKey);
        assert_eq!(error_in_success("something new"), Error::Unavailable("something new".into()));
    }
}
