use app::ports::AttemptError;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};

/// At most so much of an answer's body is read, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// The longest wait that a receiver can ask for, in seconds.
const MAX_WAIT: i64 = 24 * 3600;

/// What a receiver said.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<u32>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// Reads what may be read of an answer. `now` is when the attempt began, in seconds since 1970.
    ///
    /// A body that breaks off is an answer all the same: the status was said. One that does not end in time is not.
    pub(super) async fn read(mut response: Response, now: i64) -> Result<Self, reqwest::Error> {
        let status = response.status();
        let retry_after = retry_after(status, response.headers(), now);
        let mut body = Vec::new();
        while body.len() < MAX_BODY {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(chunk.get(..MAX_BODY - body.len()).unwrap_or(&chunk)),
                Err(error) if error.is_timeout() => return Err(error),
                Ok(None) | Err(_) => break,
            }
        }
        Ok(Self { status, retry_after, body })
    }

    /// What the status means.
    pub(super) fn error(&self) -> Option<AttemptError> {
        match self.status.as_u16() {
            200..=299 => None,
            300..=399 => Some(AttemptError::Redirect),
            _ => Some(AttemptError::HttpStatus),
        }
    }
}

/// `Retry-After` (RFC 9110 §10.2.3) of an answer that says "later".
fn retry_after(status: StatusCode, headers: &HeaderMap, now: i64) -> Option<u32> {
    if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().unwrap_or(MAX_WAIT)
    } else {
        let until: Timestamp = DateTimeParser::new().parse_timestamp(text).ok()?;
        until.as_second().saturating_sub(now)
    };
    u32::try_from(seconds.clamp(0, MAX_WAIT)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;

    const NOW: i64 = 784_111_777; // Sun, 06 Nov 1994 08:49:37 GMT, the date of the RFC's examples

    fn wait(status: u16, value: &str) -> Option<u32> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_bytes(value.as_bytes()).unwrap())]);
        retry_after(StatusCode::from_u16(status).unwrap(), &headers, NOW)
    }

    #[test]
    fn reads_seconds_and_dates() {
        assert_eq!(wait(429, "120"), Some(120));
        assert_eq!(wait(503, " 0 "), Some(0));
        assert_eq!(wait(503, "Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(wait(503, "Sun, 06 Nov 1994 08:48:37 GMT"), Some(0));
    }

    #[test]
    fn never_waits_longer_than_a_day() {
        assert_eq!(wait(429, "86401"), Some(86400));
        assert_eq!(wait(429, "99999999999999999999999999"), Some(86400));
        assert_eq!(wait(429, "Thu, 31 Dec 2099 23:59:59 GMT"), Some(86400));
    }

    #[test]
    fn ignores_nonsense_and_answers_that_do_not_say_later() {
        for value in ["", "-1", "1.5", "soon", "1e9"] {
            assert_eq!(wait(429, value), None, "{value}");
        }
        assert_eq!(wait(500, "120"), None);
        assert_eq!(wait(200, "120"), None);
    }

    proptest! {
        #[test]
        fn whatever_is_said_the_wait_is_bounded(value in "[ -~]{0,40}") {
            prop_assert!(wait(429, &value).is_none_or(|s| s <= 86400));
        }
    }
}
