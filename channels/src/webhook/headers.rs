use reqwest::header::{HeaderName, HeaderValue};
use thiserror::Error;

/// Why a channel may not send such a header. The text is for the person who entered it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderRefused {
    /// Not a header's name.
    #[error("a header's name is of letters, digits and '-'")]
    Name,
    /// Ours to set, or one that a proxy or a cloud's metadata service listens to.
    #[error("the header {0} cannot be set")]
    Reserved(String),
    /// Not a header's value. Its text is not repeated here: it may be a secret.
    #[error("the header's value has 1 to 4096 visible ASCII characters")]
    Value,
}

const MAX_VALUE: usize = 4096;

/// May a channel send this header of its own with every webhook?
pub fn check_header(name: &str, value: &str) -> Result<(), HeaderRefused> {
    to_header(name, value).map(drop)
}

/// A header as the client takes it; its value is kept out of logs.
pub(super) fn to_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HeaderRefused> {
    let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| HeaderRefused::Name)?;
    let name = header.as_str();
    if RESERVED.contains(&name) || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return Err(HeaderRefused::Reserved(name.into()));
    }
    let visible =
        !value.trim().is_empty() && value.len() <= MAX_VALUE && value.bytes().all(|b| (b' '..=b'~').contains(&b));
    let mut value = HeaderValue::from_str(value).ok().filter(|_| visible).ok_or(HeaderRefused::Value)?;
    value.set_sensitive(true);
    Ok((header, value))
}

const RESERVED: [&str; 20] = [
    "host",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "accept-encoding",
    "user-agent",
    "cookie",
    "set-cookie",
    "forwarded",
    "via",
    "x-real-ip",
    "metadata",
    "metadata-flavor",
    "x-identity-header",
    "x-http-method-override",
    "http2-settings",
];

const RESERVED_PREFIXES: [&str; 8] =
    ["content-", "proxy-", "webhook-", "x-forwarded-", "x-ms-", "x-aws-ec2-metadata-", "x-google-metadata-", "sec-"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_headers_that_receivers_ask_for() {
        for (name, value) in [("Authorization", "Bearer abc.def"), ("X-Api-Key", "k"), ("x-gitlab-token", "a b")] {
            assert_eq!(check_header(name, value), Ok(()));
        }
    }

    #[test]
    fn refuses_headers_that_change_the_request_or_open_a_metadata_service() {
        for name in [
            "Host",
            "CONNECTION",
            "Content-Length",
            "content-type",
            "Transfer-Encoding",
            "TE",
            "Upgrade",
            "Cookie",
            "Forwarded",
            "X-Forwarded-For",
            "Webhook-Id",
            "webhook-signature",
            "Metadata",
            "Metadata-Flavor",
            "X-Identity-Header",
            "X-MS-Version",
            "User-Agent",
            "Proxy-Authorization",
            "Accept-Encoding",
            "Expect",
            "X-aws-ec2-metadata-token",
        ] {
            assert_eq!(check_header(name, "1"), Err(HeaderRefused::Reserved(name.to_lowercase())));
        }
    }

    #[test]
    fn refuses_what_would_be_two_headers() {
        for name in ["", "a b", "a:b", "a\r\nHost", "ä", "a\0"] {
            assert_eq!(check_header(name, "1"), Err(HeaderRefused::Name), "{name:?}");
        }
        for value in ["", " ", "a\r\nHost: b", "a\nb", "a\0b", "ä", &"a".repeat(4097)] {
            assert_eq!(check_header("x-a", value), Err(HeaderRefused::Value), "{value:?}");
        }
    }

    #[test]
    fn a_value_shows_in_no_log() {
        let shown = format!("{:?}", to_header("authorization", "hunter2"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
