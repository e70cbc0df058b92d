//! One exchange over HTTP: a bounded answer or a few words, and never a secret in either.
//!
//! Here belongs what every question to a public API needs, Shodan's or another's. It knows no API.

use std::error::Error;
use std::time::Duration;

use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use reqwest::{RequestBuilder, Response};
use url::Url;

/// An answer as it came, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The host that answered; another than was asked where a redirect was followed.
    pub host: Option<String>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Answer {
    /// What `Retry-After` says, in seconds. Shodan says 0: never use it raw.
    pub fn retry_after(&self) -> Option<u32> {
        self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
    }

    /// The host that a redirect sends to, where it names one. The rest of its address may hold a key.
    pub fn location_host(&self) -> Option<String> {
        let url = Url::parse(self.headers.get(LOCATION)?.to_str().ok()?).ok()?;
        url.host_str().map(str::to_owned)
    }
}

/// Bounds of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How long the whole exchange may take.
    pub patience: Duration,
    /// Bytes of the largest body.
    pub body: usize,
}

impl Default for Bounds {
    /// A minute, since a search may take Shodan half of one; 64 MiB, more than any answer ever seen.
    fn default() -> Self {
        Self { patience: Duration::from_mins(1), body: 64 * 1024 * 1024 }
    }
}

/// Sends the request once and reads the whole answer.
///
/// # Errors
/// What went wrong in a few words, from which `secret` is blotted out and which never name the address.
pub async fn send(request: RequestBuilder, bounds: Bounds, secret: &str) -> Result<Answer, String> {
    tokio::time::timeout(bounds.patience, receive(request, bounds.body))
        .await
        .unwrap_or_else(|_| Err("it timed out".into()))
        .map_err(|why| redacted(&why, secret))
}

/// The text with the secret blotted out, as it stands and as it stands in a URL.
pub fn redacted(text: &str, secret: &str) -> String {
    if secret.is_empty() {
        return text.to_owned();
    }
    let in_url: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    text.replace(secret, "…").replace(&in_url, "…")
}

/// What went wrong in a few words. The URL, which may hold a key, is taken off first.
pub(crate) fn describe(error: reqwest::Error) -> String {
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

async fn receive(request: RequestBuilder, most: usize) -> Result<Answer, String> {
    let mut response = request.send().await.map_err(describe)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let host = response.url().host_str().map(str::to_owned);
    let body = read(&mut response, most).await?;
    Ok(Answer { status, headers, host, body })
}

async fn read(response: &mut Response, most: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(describe)? {
        if body.len() + chunk.len() > most {
            return Err(format!("its answer is larger than {most} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
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
