use axum::http::header::HOST;
use axum::http::{HeaderMap, header};

/// Does a call of a trigger come from the host itself, and not from the outside through it?
///
/// Routes are listed one by one, so the host lets nobody through to these; this is the second lock. The host's proxy
/// puts `x-forwarded-*` and `x-ms-invocation-id` on everything from outside and cannot be kept from it, and its own
/// calls go to the loopback by name.
pub fn by_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let loopback = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().is_ok_and(is_loopback),
        _ => false,
    };
    loopback && !passed_on(headers)
}

/// Has somebody else's server handed this on to us?
pub fn passed_on(headers: &HeaderMap) -> bool {
    headers.keys().map(header::HeaderName::as_str).any(|name| {
        name.starts_with("x-forwarded-")
            || name.starts_with("x-original-")
            || ["forwarded", "via", "x-real-ip", "x-ms-invocation-id"].contains(&name)
    })
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.parse::<u16>().is_ok() { name } else { host });
    ["127.0.0.1", "localhost"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_host_calls_the_loopback_and_passes_nobody_on() {
        let invocation = ("x-azure-functions-invocationid", "83a33220-a921-460a-bec0-b3f043dcf1ff");
        assert!(by_host(&headers(&[("host", "127.0.0.1:34963"), invocation])));
        assert!(by_host(&headers(&[("host", "localhost:34963")])));
    }

    #[test]
    fn whoever_comes_through_the_host_or_from_elsewhere_is_refused() {
        let host = ("host", "127.0.0.1:34963");
        for more in [
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-host", "x"),
            ("x-forwarded-anything", "x"),
            ("x-ms-invocation-id", "1"),
            ("forwarded", "for=1"),
            ("host", "127.0.0.1:34963"),
        ] {
            assert!(!by_host(&headers(&[host, more])), "{more:?}");
        }
        for host in
            ["iot.example.com", "127.0.0.1.example.com", "10.0.0.1:80", "127.0.0.1@x", "127.0.0.1:80:x", "", "[::1]:7"]
        {
            assert!(!by_host(&headers(&[("host", host)])), "{host}");
        }
        assert!(!by_host(&HeaderMap::new()));
    }
}
