use thiserror::Error;
use url::{Host, Url};

use super::address::EgressPolicy;

/// Why a URL may not be a webhook's. The text is for the person who entered it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Blocked {
    /// Longer than 2 048 characters.
    #[error("a webhook's address has at most 2048 characters")]
    TooLong,
    /// Not a URL that every program reads the same way.
    #[error("this is not an address such as https://hooks.example.com/iot")]
    Malformed,
    /// Neither `https`, nor `http` to an allowed address.
    #[error("a webhook's address starts with https://")]
    Scheme,
    /// A name or password in the URL.
    #[error("a webhook's address holds no name and password; use a header of the channel's own")]
    Userinfo,
    /// A fragment, which is never sent.
    #[error("a webhook's address has no part after #")]
    Fragment,
    /// Not a name that is known on the Internet.
    #[error("{0} is not a name on the public Internet")]
    Name(String),
    /// Not an address on the Internet.
    #[error("{0} is not an address on the public Internet")]
    Address(String),
    /// A port where something else than a web server listens.
    #[error("webhooks cannot be sent to port {0}; use 443, 8443, or one from 1024 that no other protocol is known for")]
    Port(u16),
}

const MAX_URL: usize = 2048;

impl EgressPolicy {
    /// Reads a webhook's URL and says whether it may be kept and used. Whoever connects uses the result, never the
    /// text, so that no second parser can understand something else. Names are not resolved here.
    pub fn check_url(&self, text: &str) -> Result<Url, Blocked> {
        if text.len() > MAX_URL {
            return Err(Blocked::TooLong);
        }
        let mut url = parse(text)?;
        let plain = url.scheme() == "http";
        match url.host().map(|h| h.to_owned()) {
            Some(Host::Ipv4(ip)) if plain && !self.allows(ip.into()) && self.may_reach(ip.into()) => {
                return Err(Blocked::Scheme);
            }
            Some(Host::Ipv4(ip)) if self.may_reach(ip.into()) => {}
            Some(Host::Ipv4(ip)) => return Err(Blocked::Address(ip.to_string())),
            Some(Host::Ipv6(ip)) if self.allows(ip.into()) => {}
            Some(Host::Ipv6(ip)) => return Err(Blocked::Address(ip.to_string())),
            // Where nothing is allowed no name can lead there; otherwise the addresses are looked at when connecting.
            Some(Host::Domain(_)) if plain && self.allow.is_empty() => return Err(Blocked::Scheme),
            Some(Host::Domain(name)) => {
                let name = public_name(&name).ok_or_else(|| Blocked::Name(name.clone()))?;
                url.set_host(Some(name)).map_err(|_| Blocked::Malformed)?;
            }
            None => return Err(Blocked::Malformed),
        }
        let port = url.port_or_known_default().ok_or(Blocked::Malformed)?;
        if !port_is_open(port, plain) {
            return Err(Blocked::Port(port));
        }
        Ok(url)
    }
}

/// Stricter than the URL standard, which forgives back slashes, missing slashes, tabs and line breaks.
fn parse(text: &str) -> Result<Url, Blocked> {
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(Blocked::Malformed);
    }
    let (scheme, rest) = text.split_once(':').ok_or(Blocked::Malformed)?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return Err(Blocked::Scheme);
    }
    let rest = rest.strip_prefix("//").filter(|r| !r.starts_with('/')).ok_or(Blocked::Malformed)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(Blocked::Userinfo);
    }
    if text.contains('#') {
        return Err(Blocked::Fragment);
    }
    Url::parse(text).map_err(|_| Blocked::Malformed)
}

/// The name without its final dot, if it can be a name on the public Internet.
fn public_name(name: &str) -> Option<&str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label_ok = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !l.starts_with('-')
    };
    let local = LOCAL_NAMES
        .iter()
        .any(|local| name.strip_suffix(local).is_some_and(|head| head.is_empty() || head.ends_with('.')));
    (name.contains('.') && name.len() <= 253 && name.split('.').all(label_ok) && !local).then_some(name)
}

/// Names for the inside of a network: RFC 6761, RFC 8375, ICANN's `internal`, and what appliances use.
const LOCAL_NAMES: [&str; 14] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
    "arpa",
    "onion",
    "invalid",
    "test",
];

fn port_is_open(port: u16, plain: bool) -> bool {
    match port {
        80 => plain,
        443 => !plain,
        0..1024 => false,
        _ => !OTHER_PROTOCOLS.contains(&port),
    }
}

/// From 1024 on: ports that the Fetch standard blocks, and those of data stores, brokers and remote desktops, which
/// could take the body of a request for commands.
const OTHER_PROTOCOLS: [u16; 47] = [
    1080, 1433, 1521, 1719, 1720, 1723, 1883, 2049, 2181, 2375, 2379, 2380, 3128, 3306, 3389, 3659, 4045, 4190, 4222,
    5060, 5061, 5432, 5672, 5900, 5901, 5985, 5986, 6000, 6379, 6380, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
    8883, 9042, 9092, 10080, 10250, 10255, 11211, 27017, 27018,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> EgressPolicy {
        EgressPolicy::default()
    }

    fn loopback() -> EgressPolicy {
        EgressPolicy { allow: vec!["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()] }
    }

    #[test]
    fn takes_addresses_on_the_internet_in_canonical_form() {
        for (text, canonical) in [
            ("https://hooks.example.com/iot?x=1", "https://hooks.example.com/iot?x=1"),
            ("HTTPS://Hooks.Example.COM.:443/", "https://hooks.example.com/"),
            ("https://bücher.example:8443", "https://xn--bcher-kva.example:8443/"),
            ("https://8.8.8.8/", "https://8.8.8.8/"),
            ("https://a_b.example.com/", "https://a_b.example.com/"),
            (
                "https://prod-1.westeurope.logic.azure.com:443/workflows/x?sig=a%2Fb",
                "https://prod-1.westeurope.logic.azure.com/workflows/x?sig=a%2Fb",
            ),
        ] {
            assert_eq!(open().check_url(text).unwrap().as_str(), canonical);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let long = format!("https://example.com/{}", "a".repeat(2048));
        for (text, blocked) in [
            (long.as_str(), Blocked::TooLong),
            ("", Blocked::Malformed),
            ("example.com/hook", Blocked::Malformed),
            ("https:/example.com/", Blocked::Malformed),
            ("https:///example.com/", Blocked::Malformed),
            ("https://exa\tmple.com/", Blocked::Malformed),
            ("https://example.com\\@10.0.0.1/", Blocked::Malformed),
            ("gopher://127.0.0.1/", Blocked::Scheme),
            ("http://example.com/", Blocked::Scheme),
            ("http://8.8.8.8/", Blocked::Scheme),
            ("https://user:secret@example.com/", Blocked::Userinfo),
            ("https://@example.com/", Blocked::Userinfo),
            ("https://example.com/#part", Blocked::Fragment),
            ("https://example.com:22/", Blocked::Port(22)),
            ("https://example.com:80/", Blocked::Port(80)),
            ("https://example.com:6379/", Blocked::Port(6379)),
            ("https://0x7f.1/", Blocked::Address("127.0.0.1".into())),
            ("https://[2a00:1450:4001:80b::200e]/", Blocked::Address("2a00:1450:4001:80b::200e".into())),
            ("https://printer.local./", Blocked::Name("printer.local.".into())),
            ("https://router/", Blocked::Name("router".into())),
            ("https://example..com/", Blocked::Name("example..com".into())),
        ] {
            assert_eq!(open().check_url(text), Err(blocked), "{text}");
        }
    }

    #[test]
    fn plain_http_goes_only_where_the_operator_said() {
        assert!(loopback().check_url("http://127.0.0.1:8080/").is_ok());
        assert!(loopback().check_url("http://[fd00::7]:8080/").is_ok());
        assert!(
            loopback().check_url("http://receiver.example.com/").is_ok(),
            "its addresses are looked at when connecting"
        );
        assert_eq!(loopback().check_url("http://8.8.8.8/"), Err(Blocked::Scheme));
        assert_eq!(loopback().check_url("http://10.0.0.1/"), Err(Blocked::Address("10.0.0.1".into())));
        assert_eq!(
            loopback().check_url("http://[::ffff:127.0.0.1]/"),
            Err(Blocked::Address("::ffff:127.0.0.1".into()))
        );
        assert_eq!(loopback().check_url("http://localhost:8080/"), Err(Blocked::Name("localhost".into())));
    }
}
