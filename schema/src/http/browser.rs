use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderMap, Method};

/// Headers that a page of another site cannot set without asking first.
const ASKS_FIRST: [&str; 3] = ["apollo-require-preflight", "x-apollo-operation-name", "graphql-require-preflight"];

/// May a request that carries a cookie be what it says it is? The algorithm is Go's `CrossOriginProtection`: browsers tell
/// where a request comes from; where they do not, its origin has to be ours.
///
/// Requests with a bearer token need no such check: no other site has the token.
pub fn allowed(method: &Method, headers: &HeaderMap, public_url: &str) -> Result<(), &'static str> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        if !matches!(site, "same-origin" | "none") {
            return Err("requests of other sites' pages are not taken with a cookie");
        }
    } else if let Some(origin) = headers.get(ORIGIN).and_then(|v| v.to_str().ok())
        && origin != origin_of(public_url)
    {
        return Err("the request comes from another origin");
    }
    let simple_type = !text(CONTENT_TYPE.as_str()).is_some_and(|t| t.starts_with("application/json"));
    let asks_first = ASKS_FIRST.iter().any(|name| headers.contains_key(*name));
    if method == Method::GET && simple_type && !asks_first {
        return Err("with a cookie, a GET needs the header graphql-require-preflight");
    }
    Ok(())
}

fn origin_of(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    url[start..].find('/').map_or(url, |end| &url[..start + end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn other_sites_are_kept_out() {
        let url = "https://iot.example/";
        let check =
            |method: Method, pairs: &[(&'static str, &'static str)]| allowed(&method, &headers(pairs), url).is_ok();
        assert!(check(Method::POST, &[("sec-fetch-site", "same-origin"), ("content-type", "application/json")]));
        assert!(check(Method::POST, &[("origin", "https://iot.example"), ("content-type", "application/json")]));
        assert!(check(Method::GET, &[("graphql-require-preflight", "1")]));
        assert!(!check(Method::POST, &[("sec-fetch-site", "cross-site"), ("content-type", "application/json")]));
        assert!(!check(Method::POST, &[("sec-fetch-site", "same-site"), ("content-type", "application/json")]));
        assert!(!check(Method::POST, &[("origin", "https://evil.example"), ("content-type", "application/json")]));
        assert!(!check(Method::POST, &[("origin", "null"), ("content-type", "application/json")]));
        assert!(!check(Method::GET, &[]));
    }
}
