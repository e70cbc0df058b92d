use app::ports::{AttemptError, Directive};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Response, StatusCode};

/// At most so much of an answer's body is read, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// The longest wait that a receiver can ask for, in seconds.
pub(crate) const MAX_WAIT: u32 = 24 * 3600;

/// Where a receiver says what it wants of us beyond this answer.
const DELIVERY: HeaderName = HeaderName::from_static("webhook-delivery");

/// What a receiver said.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<u32>,
    pub(crate) body: Vec<u8>,
    delivery: Option<Directive>,
}

impl Answer {
    /// Reads what may be read of an answer. `now` is when the attempt began, in seconds since 1970.
    ///
    /// A body that breaks off is an answer all the same: the status was said. One that does not end in time is not.
    pub(super) async fn read(mut response: Response, now: i64) -> Result<Self, reqwest::Error> {
        let status = response.status();
        let retry_after = retry_after(status, response.headers(), now);
        let delivery = delivery(response.headers());
        let mut body = Vec::new();
        while body.len() < MAX_BODY {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(chunk.get(..MAX_BODY - body.len()).unwrap_or(&chunk)),
                Err(error) if error.is_timeout() => return Err(error),
                Ok(None) | Err(_) => break,
            }
        }
        Ok(Self { status, retry_after, body, delivery })
    }

    /// What the status means.
    pub(crate) fn error(&self) -> Option<AttemptError> {
        match self.status.as_u16() {
            200..=299 => None,
            300..=399 => Some(AttemptError::Redirect),
            _ => Some(AttemptError::HttpStatus),
        }
    }

    /// What a receiver of webhooks asks for: 410 is Standard Webhooks 1.0, the header `webhook-delivery` a proposal to
    /// it that Svix has. What was taken cannot be aborted any more.
    pub(crate) fn directive(&self) -> Option<Directive> {
        match self.delivery {
            _ if self.status == StatusCode::GONE => Some(Directive::Disable),
            Some(Directive::AbortMessage) if self.status.is_success() => None,
            other => other,
        }
    }
}

/// The first value that we know; an unknown one is for somebody else.
fn delivery(headers: &HeaderMap) -> Option<Directive> {
    let values = headers.get_all(DELIVERY).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).find_map(|word| match word.trim().to_ascii_lowercase().as_str() {
        "disable" => Some(Directive::Disable),
        "abort-message" => Some(Directive::AbortMessage),
        _ => None,
    })
}

/// `Retry-After` (RFC 9110 §10.2.3) of an answer that says "later".
fn retry_after(status: StatusCode, headers: &HeaderMap, now: i64) -> Option<u32> {
    if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().unwrap_or(i64::from(MAX_WAIT))
    } else {
        let until: Timestamp = DateTimeParser::new().parse_timestamp(text).ok()?;
        until.as_second().saturating_sub(now)
    };
    u32::try_from(seconds.clamp(0, i64::from(MAX_WAIT))).ok()
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

    fn asked(status: u16, values: &[&str]) -> Option<Directive> {
        let headers = values.iter().map(|v| (DELIVERY, HeaderValue::from_str(v).unwrap())).collect();
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, retry_after: None, body: Vec::new(), delivery: delivery(&headers) }.directive()
    }

    #[test]
    fn a_receiver_can_switch_itself_off_or_give_up_one_message() {
        assert_eq!(asked(410, &[]), Some(Directive::Disable));
        assert_eq!(asked(410, &["abort-message"]), Some(Directive::Disable));
        assert_eq!(asked(500, &["disable"]), Some(Directive::Disable));
        assert_eq!(asked(204, &[" Disable "]), Some(Directive::Disable));
        assert_eq!(asked(400, &["abort-message"]), Some(Directive::AbortMessage));
        assert_eq!(asked(422, &["later", "x, Abort-Message"]), Some(Directive::AbortMessage));
    }

    #[test]
    fn what_was_taken_is_not_aborted_and_unknown_words_ask_for_nothing() {
        assert_eq!(asked(200, &["abort-message"]), None);
        for word in ["", "pause", "disabled", "abort", "disable-message"] {
            assert_eq!(asked(500, &[word]), None, "{word}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_said_the_wait_is_bounded(value in "[ -~]{0,40}") {
            prop_assert!(wait(429, &value).is_none_or(|s| s <= 86400));
        }
    }
}
