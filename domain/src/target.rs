//! What is watched: an address, a network, a host name or a query.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The four kinds of assets, by what their target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AssetKind {
    /// One address. Owns what is seen there before all others.
    Device,
    /// A host name, resolved anew at each poll.
    Domain,
    /// A CIDR.
    Network,
    /// A Shodan query.
    Query,
}

impl AssetKind {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Device => "DEVICE",
            Self::Domain => "DOMAIN",
            Self::Network => "NETWORK",
            Self::Query => "QUERY",
        }
    }
}

/// A target that may be watched: every value of this type is canonical.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// One address; IPv4-mapped IPv6 is kept as IPv4.
    Address(IpAddr),
    /// A network with its host bits cleared: at most a /16 of IPv4 or a /112 of IPv6, at least two addresses.
    Network(IpNet),
    /// A host name in lower case and ASCII, without the final dot.
    Hostname(String),
    /// A Shodan query, blanks at its ends dropped.
    Query(String),
}

/// Why a target is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TargetError {
    /// It is not on the Internet, or not somebody's to watch.
    #[error("{0} is not a public address: private, local, reserved and documentation ranges cannot be watched")]
    Private(String),
    /// It cannot be understood.
    #[error("{0}")]
    Invalid(String),
}

const MAX_QUERY: usize = 900;

impl Target {
    /// Reads an address, a CIDR or a host name. `allow` names ranges that may be watched although they are not public.
    pub fn parse(text: &str, allow: &[IpNet]) -> Result<Self, TargetError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TargetError::Invalid(
                "give an address, a network such as 198.51.100.0/24, or a host name".into(),
            ));
        }
        if let Ok(ip) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            let ip = ip.to_canonical();
            return if watchable(ip, allow) {
                Ok(Self::Address(ip))
            } else {
                Err(TargetError::Private(ip.to_string()))
            };
        }
        if text.contains('/') {
            return Self::parse_network(text, allow);
        }
        Self::parse_hostname(text)
    }

    /// Takes a Shodan query as it is.
    pub fn query(text: &str) -> Result<Self, TargetError> {
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_QUERY || text.chars().any(char::is_control) {
            return Err(TargetError::Invalid(format!("a query has 1 to {MAX_QUERY} characters on one line")));
        }
        Ok(Self::Query(text.to_owned()))
    }

    fn parse_network(text: &str, allow: &[IpNet]) -> Result<Self, TargetError> {
        let net: IpNet = text.parse().map_err(|_| {
            TargetError::Invalid(format!("{text:?} is not a network such as 198.51.100.0/24 or 2001:db8::/120"))
        })?;
        let net = net.trunc();
        let (shortest, single) = match net {
            IpNet::V4(_) => (16, 32),
            IpNet::V6(_) => (112, 128),
        };
        if net.prefix_len() < shortest {
            return Err(TargetError::Invalid(format!(
                "{net} is too large: a network is at most a /16 of IPv4 or a /112 of IPv6"
            )));
        }
        let public = watchable(net.network(), allow) && watchable(net.broadcast(), allow);
        let covers_reserved =
            RESERVED_V4.iter().map(|n| IpNet::V4(*n)).chain(RESERVED_V6.iter().map(|n| IpNet::V6(*n)));
        let overlaps = !allow.iter().any(|a| a.contains(&net)) && covers_reserved.into_iter().any(|r| net.contains(&r));
        if !public || overlaps {
            return Err(TargetError::Private(net.to_string()));
        }
        if net.prefix_len() == single {
            return Ok(Self::Address(net.network().to_canonical()));
        }
        Ok(Self::Network(net))
    }

    fn parse_hostname(text: &str) -> Result<Self, TargetError> {
        let invalid = || TargetError::Invalid(format!("{text:?} is neither an address, a network nor a host name"));
        let name = idna::domain_to_ascii_strict(text.trim_end_matches('.')).map_err(|_| invalid())?;
        let tld = name.rsplit('.').next().unwrap_or_default();
        let numeric_tld = tld.bytes().all(|b| b.is_ascii_digit());
        let local = ["localhost", "local", "internal", "lan", "home", "onion", "arpa"].contains(&tld);
        if !name.contains('.') || name.len() > 253 || numeric_tld {
            return Err(invalid());
        }
        if local {
            return Err(TargetError::Private(name));
        }
        Ok(Self::Hostname(name))
    }

    /// What kind of asset it makes.
    pub const fn kind(&self) -> AssetKind {
        match self {
            Self::Address(_) => AssetKind::Device,
            Self::Network(_) => AssetKind::Network,
            Self::Hostname(_) => AssetKind::Domain,
            Self::Query(_) => AssetKind::Query,
        }
    }

    /// A key that is equal for equal targets and can stand in a row key.
    pub fn key(&self) -> String {
        match self {
            Self::Address(ip) => format!("ip:{ip}"),
            Self::Network(net) => format!("net:{}_{}", net.network(), net.prefix_len()),
            Self::Hostname(name) => format!("name:{name}"),
            Self::Query(query) => {
                let digest = Sha256::digest(query.as_bytes());
                let hex: String = digest.iter().take(16).map(|b| format!("{b:02x}")).collect();
                format!("query:{hex}")
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(ip) => write!(f, "{ip}"),
            Self::Network(net) => write!(f, "{net}"),
            Self::Hostname(text) | Self::Query(text) => f.write_str(text),
        }
    }
}

/// May this address be watched: on the public Internet, or named by `allow`?
pub fn watchable(ip: IpAddr, allow: &[IpNet]) -> bool {
    let ip = ip.to_canonical();
    allow.iter().any(|net| net.contains(&ip)) || is_public(ip)
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !RESERVED_V4.iter().any(|net| net.contains(&v4)),
        // Of IPv6 only 2000::/3 is assigned to the Internet (IANA); the rest is not routed.
        IpAddr::V6(v6) => v6.segments()[0] & 0xe000 == 0x2000 && !RESERVED_V6.iter().any(|net| net.contains(&v6)),
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, len: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), len)
}

const fn v6(a: u16, b: u16, c: u16, len: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), len)
}

/// IANA's special-purpose registry of IPv4, with multicast and the reserved class E.
const RESERVED_V4: [Ipv4Net; 15] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

/// Parts of `2000::/3` that are not somebody's hosts: Teredo and protocol assignments, documentation, 6to4.
const RESERVED_V6: [Ipv6Net; 4] =
    [v6(0x2001, 0, 0, 23), v6(0x2001, 0x0db8, 0, 32), v6(0x2002, 0, 0, 16), v6(0x3fff, 0, 0, 20)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_canonical() {
        for (text, shown, kind) in [
            ("8.8.8.8", "8.8.8.8", AssetKind::Device),
            (" [2a00:1450::1] ", "2a00:1450::1", AssetKind::Device),
            ("::ffff:8.8.4.4", "8.8.4.4", AssetKind::Device),
            ("8.8.8.8/32", "8.8.8.8", AssetKind::Device),
            ("8.8.8.77/24", "8.8.8.0/24", AssetKind::Network),
            ("2a00:1450::7/120", "2a00:1450::/120", AssetKind::Network),
            ("Bücher.Example.", "xn--bcher-kva.example", AssetKind::Domain),
        ] {
            let target = Target::parse(text, &[]).unwrap();
            assert_eq!((target.to_string().as_str(), target.kind()), (shown, kind));
        }
    }

    #[test]
    fn refuses_what_is_not_public() {
        for text in [
            "10.0.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "203.0.113.5",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "fe80::1",
            "fd00::1",
            "2001:db8::1",
            "::ffff:10.0.0.1",
            "10.0.0.0/24",
            "192.168.0.0/16",
            "localhost.localdomain.local",
            "printer.lan",
            "203.0.112.0/23",
            "2002:a00:1::/120",
        ] {
            assert!(matches!(Target::parse(text, &[]), Err(TargetError::Private(_))), "{text}");
        }
    }

    #[test]
    fn takes_reserved_ranges_only_when_they_are_named() {
        let allow: [IpNet; 1] = ["203.0.113.0/24".parse().unwrap()];
        assert!(Target::parse("203.0.113.5", &allow).is_ok());
        assert!(Target::parse("203.0.113.0/25", &allow).is_ok());
        assert!(Target::parse("198.51.100.5", &allow).is_err());
    }

    #[test]
    fn refuses_what_cannot_be_understood() {
        for text in [
            "",
            "   ",
            "host",
            "1.2.3",
            "300.1.1.1",
            "8.0.0.0/8",
            "8.8.8.8/33",
            "a b.example",
            "http://a.example/",
            "1.2.3.4.5",
            "-a.example",
        ] {
            assert!(matches!(Target::parse(text, &[]), Err(TargetError::Invalid(_))), "{text}");
        }
        assert!(Target::query("").is_err());
        assert!(Target::query("a\nb").is_err());
    }

    #[test]
    fn keys_can_be_stored() {
        for target in [Target::parse("8.8.8.0/24", &[]).unwrap(), Target::query("org:\"A/B\" #1?").unwrap()] {
            assert!(!target.key().contains(['/', '\\', '#', '?']), "{}", target.key());
        }
    }
}
