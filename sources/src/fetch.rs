//! One question over HTTP: a bounded answer or a typed error, and never a secret in either.

use std::error::Error;
use std::time::Duration;

use app::ports::SourceError;
use http::StatusCode;
use http::header::RETRY_AFTER;
use reqwest::Client;
use url::Url;

/// A search may take Shodan half a minute; whoever needs it shorter says so at the client.
const PATIENCE: Duration = Duration::from_mins(1);

/// Larger than any answer that was ever seen, small enough to survive.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// An answer as it came, whatever its status.
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// What `Retry-After` says, in seconds. Shodan says 0: never use it raw.
    pub(crate) retry_after: Option<u32>,
    /// The whole body.
    pub(crate) body: Vec<u8>,
}

/// Asks once. `secret` is blotted out of whatever an error says.
pub(crate) async fn get(http: &Client, url: Url, secret: &str) -> Result<Answer, SourceError> {
    tokio::time::timeout(PATIENCE, ask(http, url))
        .await
        .unwrap_or_else(|_| Err("it timed out".into()))
        .map_err(|why| SourceError::Unavailable(redacted(&why, secret)))
}

/// The text with the secret blotted out, as it stands and as it stands in a URL.
pub(crate) fn redacted(text: &str, secret: &str) -> String {
    if secret.is_empty() {
        return text.to_owned();
    }
    let in_url: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    text.replace(secret, "…").replace(&in_url, "…")
}

async fn ask(http: &Client, url: Url) -> Result<Answer, String> {
    let mut response = http.get(url).send().await.map_err(describe)?;
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(describe)? {
        if body.len() + chunk.len() > LARGEST_BODY {
            return Err("its answer is larger than 64 MiB".into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, retry_after, body })
}

/// What went wrong in a few words. The URL, which holds the key, is taken off first.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let what = match &error {
        e if e.is_timeout() => return "it timed out".into(),
        e if e.is_connect() => "no connection",
        e if e.is_body() || e.is_decode() => "its answer broke off",
        _ => "the request failed",
    };
    let mut cause: &dyn Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    format!("{what} ({cause})")
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn a_secret_is_blotted_out_in_both_spellings() {
        assert_eq!(redacted("GET /?key=a%2Bb failed for a+b", "a+b"), "GET /?key=… failed for …");
        assert_eq!(redacted("nothing to hide", ""), "nothing to hide");
    }
}
