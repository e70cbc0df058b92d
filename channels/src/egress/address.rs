use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Which addresses webhooks may reach: the public Internet, and what the operator named.
#[derive(Clone, Debug, Default)]
pub struct EgressPolicy {
    /// Ranges that may be reached although they are not public, also by plain `http`.
    pub allow: Vec<IpNet>,
}

impl EgressPolicy {
    /// Did the operator name this address? An IPv4 address in IPv6 clothes is not the IPv4 address.
    pub fn allows(&self, ip: IpAddr) -> bool {
        self.allow.iter().any(|net| net.contains(&ip))
    }

    /// May a connection be made to this address?
    pub fn may_reach(&self, ip: IpAddr) -> bool {
        self.allows(ip) || !is_forbidden(ip)
    }
}

/// Is this anything but the address of somebody's host on the public Internet?
///
/// This list is the guard's own on purpose: that a range may be *watched* must never make it *reachable*.
/// IPv4 is public unless listed. IPv6 is forbidden unless it lies in `2000::/3`, the only part that IANA assigns to
/// hosts: that leaves out, without naming them, IPv4-mapped and -compatible addresses, NAT64 (`64:ff9b::/96` and
/// `64:ff9b:1::/48`), SIIT, link-local, unique and site-local, multicast and what nobody has invented yet.
pub fn is_forbidden(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => FORBIDDEN_V4.iter().any(|net| net.contains(&v4)),
        IpAddr::V6(v6) => !HOSTS_V6.contains(&v6) || FORBIDDEN_V6.iter().any(|net| net.contains(&v6)) || is_isatap(v6),
    }
}

/// ISATAP (RFC 5214 §6.1) hides an IPv4 address behind any prefix: interface identifier `[02]00:5efe:a.b.c.d`.
const fn is_isatap(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    segments[4] & !0x0200 == 0 && segments[5] == 0x5efe
}

const fn v4(a: u8, b: u8, c: u8, d: u8, len: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), len)
}

const fn v6(a: u16, b: u16, len: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), len)
}

/// IANA's special-purpose registry of IPv4, and the one public address that is the inside of Azure.
const FORBIDDEN_V4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 0, 8),        // this network: 0.0.0.0 is this host on Linux
    v4(10, 0, 0, 0, 8),       // private
    v4(100, 64, 0, 0, 10),    // carrier-grade NAT; Alibaba's metadata service
    v4(127, 0, 0, 0, 8),      // loopback
    v4(168, 63, 129, 16, 32), // Azure's WireServer: hands out the machine's goal state and certificates
    v4(169, 254, 0, 0, 16),   // link-local; metadata services of most clouds
    v4(172, 16, 0, 0, 12),    // private
    v4(192, 0, 0, 0, 24),     // protocol assignments; Oracle's metadata service
    v4(192, 0, 2, 0, 24),     // documentation
    v4(192, 88, 99, 0, 24),   // 6to4 relays, deprecated
    v4(192, 168, 0, 0, 16),   // private
    v4(198, 18, 0, 0, 15),    // benchmarks
    v4(198, 51, 100, 0, 24),  // documentation
    v4(203, 0, 113, 0, 24),   // documentation
    v4(224, 0, 0, 0, 4),      // multicast
    v4(240, 0, 0, 0, 4),      // reserved, broadcast
];

/// The part of IPv6 that IANA assigns to hosts.
const HOSTS_V6: Ipv6Net = v6(0x2000, 0, 3);

/// What lies in it and is nobody's host.
const FORBIDDEN_V6: [Ipv6Net; 5] = [
    v6(0x2001, 0, 23),      // protocol assignments: Teredo, ORCHID, benchmarks
    v6(0x2001, 0x0db8, 32), // documentation
    v6(0x2002, 0, 16),      // 6to4: an IPv4 address inside
    v6(0x3ffe, 0, 16),      // 6bone, returned
    v6(0x3fff, 0, 20),      // documentation
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wireserver_is_forbidden_and_its_neighbours_are_not() {
        assert!(is_forbidden("168.63.129.16".parse().unwrap()));
        assert!(!is_forbidden("168.63.129.15".parse().unwrap()));
        assert!(!is_forbidden("168.63.129.17".parse().unwrap()));
    }

    #[test]
    fn isatap_is_forbidden_behind_any_prefix() {
        assert!(is_forbidden("2a00:1450:4001:80b:0:5efe:8.8.8.8".parse().unwrap()));
        assert!(is_forbidden("2a00:1450:4001:80b:200:5efe:7f00:1".parse().unwrap()));
        assert!(!is_forbidden("2a00:1450:4001:80b:1:5efe:808:808".parse().unwrap()));
    }

    #[test]
    fn what_is_allowed_is_allowed_in_its_own_spelling_only() {
        let policy = EgressPolicy { allow: vec!["127.0.0.0/8".parse().unwrap()] };
        assert!(policy.may_reach("127.0.0.1".parse().unwrap()));
        assert!(!policy.may_reach("::ffff:127.0.0.1".parse().unwrap()));
        assert!(!policy.may_reach("10.0.0.1".parse().unwrap()));
    }

    proptest! {
        /// The standard library's judgement, where it is stable, never finds more than ours.
        #[test]
        fn nothing_private_slips_through(bits: u32) {
            let ip = Ipv4Addr::from(bits);
            let suspicious = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast()
                || ip.is_broadcast() || ip.is_documentation() || ip.is_unspecified();
            prop_assert!(!suspicious || is_forbidden(ip.into()));
        }

        /// No transition mechanism with a well-known prefix carries any IPv4 address past the guard.
        #[test]
        fn no_ipv4_address_passes_in_ipv6_clothes(bits: u32, host: u64) {
            let v4 = u128::from(bits);
            let forms = [
                v4,                                     // compatible
                0xffff << 32 | v4,                      // mapped
                0xffff << 48 | v4,                      // SIIT
                0x0064_ff9b << 96 | v4,                 // NAT64
                0x0064_ff9b_0001 << 80 | v4,            // NAT64, local use
                0x2002 << 112 | v4 << 80 | u128::from(host), // 6to4
                0x2001_0000 << 96 | u128::from(host) << 32 | (v4 ^ 0xffff_ffff), // Teredo
            ];
            for form in forms {
                prop_assert!(is_forbidden(Ipv6Addr::from(form).into()), "{}", Ipv6Addr::from(form));
            }
        }
    }
}
