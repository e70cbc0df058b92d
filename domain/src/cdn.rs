//! Addresses that many customers of a content delivery network share: what answers there is the network's, and what is
//! concluded from its versions says nothing of whoever points a name at it (`data/cdn-ranges.txt`).

use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;

/// Does the address lie in a published range of the large networks?
pub fn is_shared(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    RANGES.iter().any(|range| range.contains(&ip))
}

static RANGES: LazyLock<Vec<IpNet>> = LazyLock::new(|| lines().filter_map(|line| line.parse().ok()).collect());

fn lines() -> impl Iterator<Item = &'static str> {
    include_str!("../data/cdn-ranges.txt")
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_range() {
        assert_eq!(RANGES.len(), lines().count());
    }

    #[test]
    fn published_ranges_are_shared_and_what_lies_beside_them_is_not() {
        for shared in ["104.16.0.1", "104.27.255.255", "151.101.1.69", "2606:4700::1111", "::ffff:104.16.0.1"] {
            assert!(is_shared(shared.parse().unwrap()), "{shared}");
        }
        for own in ["104.28.0.0", "8.8.8.8", "151.102.0.0", "2001:4860::8888"] {
            assert!(!is_shared(own.parse().unwrap()), "{own}");
        }
    }
}
