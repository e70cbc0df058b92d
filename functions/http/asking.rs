//! Who is asking: the credential and the address that a request shows.

use std::net::{IpAddr, SocketAddr};

use app::access::{Caller, Credential, authenticate};
use app::{App, Error};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use schema::context::SESSION_COOKIE;

/// Who shows this? `None`: nobody, or nobody whom we know.
///
/// # Errors
/// Of the store.
pub async fn asking(app: &App, headers: &HeaderMap, https: bool) -> Result<Option<Caller>, Error> {
    match credential(headers, https) {
        Some(credential) => authenticate(app, credential).await,
        None => Ok(None),
    }
}

/// Is the credential a cookie, which browsers send whoever's page asks them to?
pub fn by_cookie(headers: &HeaderMap, https: bool) -> bool {
    matches!(credential(headers, https), Some(Credential::Cookie(_)))
}

/// The client's address, as far as a header tells it that the operator trusts. Of a list the last entry counts: the
/// nearest proxy, which is ours, has put it there.
pub fn client_address(headers: &HeaderMap, trusted: Option<&str>) -> Option<IpAddr> {
    let text = headers.get_all(trusted?).iter().next_back()?.to_str().ok()?;
    let last = text.rsplit(',').next()?.trim();
    let bare = last.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(last);
    // Some of Azure's front ends add the port.
    bare.parse().ok().or_else(|| last.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// A bearer token goes first: a page of others can make a browser send cookies, never this header.
fn credential(headers: &HeaderMap, https: bool) -> Option<Credential<'_>> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| Credential::Bearer(token.trim()));
    }
    cookie_named(headers, SESSION_COOKIE, https).map(Credential::Cookie)
}

/// A cookie of ours: on https the one with the prefix alone, which no neighbour can set.
pub fn cookie_named<'a>(headers: &'a HeaderMap, wanted: &str, https: bool) -> Option<&'a str> {
    let cookies =
        headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
    let ours = |name: &str| match (https, name.strip_prefix("__Host-")) {
        (true, Some(name)) => name == wanted,
        (false, None) => name == wanted,
        _ => false,
    };
    cookies.filter_map(|cookie| cookie.trim().split_once('=')).find(|(name, _)| ours(name)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_bearer_token_goes_before_a_cookie_and_a_broken_one_is_not_passed_over() {
        let cookie = ("cookie", "a=b; iotmonitor=session");
        assert!(
            credential(&headers(&[cookie, ("authorization", "bearer tok")]), false) == Some(Credential::Bearer("tok"))
        );
        assert!(credential(&headers(&[cookie]), false) == Some(Credential::Cookie("session")));
        assert!(credential(&headers(&[cookie, ("authorization", "Basic dTpw")]), false).is_none());
        assert!(credential(&headers(&[]), false).is_none());
    }

    #[test]
    fn on_https_only_the_cookie_that_no_neighbour_can_set_counts() {
        let plain = headers(&[("cookie", "iotmonitor=session")]);
        let bound = headers(&[("cookie", "__Host-iotmonitor=session")]);
        assert!(credential(&plain, true).is_none() && credential(&bound, false).is_none());
        assert!(credential(&bound, true) == Some(Credential::Cookie("session")));
    }

    #[test]
    fn an_address_is_believed_of_the_trusted_header_alone() {
        let sent = headers(&[("x-forwarded-for", "192.0.2.1, 198.51.100.7:443"), ("x-real-ip", "[2001:db8::1]")]);
        assert_eq!(client_address(&sent, None), None);
        assert_eq!(client_address(&sent, Some("x-forwarded-for")), "198.51.100.7".parse().ok());
        assert_eq!(client_address(&sent, Some("x-real-ip")), "2001:db8::1".parse().ok());
        assert_eq!(client_address(&sent, Some("x-other")), None);
        assert_eq!(client_address(&headers(&[("x-real-ip", "unknown")]), Some("x-real-ip")), None);
    }
}
