//! Hostile and harmless addresses, generated.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 addresses that no webhook may reach: ends and middles of every special range, and well-known metadata services.
const FORBIDDEN_V4: &str = include_str!("addresses/forbidden_v4.txt");

/// IPv6 addresses that no webhook may reach and that carry no IPv4 address.
const FORBIDDEN_V6: &str = include_str!("addresses/forbidden_v6.txt");

/// Addresses of hosts on the Internet, and the next neighbours of special ranges.
const PUBLIC: &str = include_str!("addresses/public.txt");

pub(crate) fn public_addresses() -> Vec<IpAddr> {
    PUBLIC.lines().map(|ip| ip.parse().unwrap()).collect()
}

/// Every forbidden address, those of IPv4 in all their IPv6 clothes too.
pub(crate) fn forbidden_addresses() -> Vec<IpAddr> {
    let mut all: Vec<IpAddr> = FORBIDDEN_V6.lines().map(|ip| ip.parse().unwrap()).collect();
    for v4 in forbidden_v4() {
        all.push(v4.into());
        all.extend(clothes(v4).into_iter().map(IpAddr::from));
    }
    all
}

fn forbidden_v4() -> impl Iterator<Item = Ipv4Addr> {
    FORBIDDEN_V4.lines().map(|ip| ip.parse().unwrap())
}

/// An IPv4 address as the transition mechanisms carry it.
fn clothes(ip: Ipv4Addr) -> [Ipv6Addr; 9] {
    let v4 = u128::from(u32::from(ip));
    [
        v4,                                                         // compatible
        0xffff << 32 | v4,                                          // mapped
        0xffff << 48 | v4,                                          // SIIT
        0x0064_ff9b << 96 | v4,                                     // NAT64
        0x0064_ff9b_0001 << 80 | v4,                                // NAT64, local use
        0x2002 << 112 | v4 << 80 | 1,                               // 6to4
        0x2001_0000 << 96 | 0x0808_0808 << 64 | (v4 ^ 0xffff_ffff), // Teredo
        0x2a00_1450 << 96 | 0x5efe << 32 | v4,                      // ISATAP behind a public prefix
        0xfe80 << 112 | 0x0200_5efe << 32 | v4,                     // ISATAP, link-local
    ]
    .map(Ipv6Addr::from)
}

/// URLs that must be refused before anything is resolved; `port` is where a loopback server listens.
pub(crate) fn forbidden_urls(port: u16) -> Vec<String> {
    let mut urls = Vec::new();
    for ip in forbidden_v4().filter(|ip| !ip.is_broadcast()) {
        for host in spellings(ip).into_iter().chain(clothes(ip).into_iter().flat_map(spellings_v6)) {
            urls.push(format!("https://{host}/"));
            urls.push(format!("https://{host}:{port}/latest/meta-data/"));
        }
    }
    urls.extend(FORBIDDEN_V6.lines().map(|ip| format!("https://[{ip}]:{port}/")));
    urls.extend(tricks(port));
    urls
}

/// How an IPv4 address can be written so that some parser takes it.
fn spellings(ip: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = ip.octets();
    let all = u32::from(ip);
    let (low16, low24) = (all & 0xffff, all & 0x00ff_ffff);
    let swap = |digits: &dyn Fn(char) -> char, dot: &str| {
        ip.to_string()
            .chars()
            .map(|ch| if ch == '.' { dot.to_owned() } else { digits(ch).to_string() })
            .collect::<String>()
    };
    let offset = |base: u32| move |ch: char| char::from_u32(base + u32::from(ch) - u32::from('0')).unwrap();
    let circled = |ch: char| if ch == '0' { '⓪' } else { offset(0x2460 - 1)(ch) };
    vec![
        format!("{ip}"),
        format!("{ip}."),
        format!("{all}"),
        format!("{all:#x}"),
        format!("0X{all:X}"),
        format!("0x0000{all:08x}"),
        format!("0{all:o}"),
        format!("{a}.{low24}"),
        format!("{a}.{b}.{low16}"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("000{a:o}.{b}.{c:#x}.{d}"),
        format!("{a:#x}.{low24:#x}"),
        format!("0{a:o}.{b}.{low16:#x}"),
        swap(&offset(0xff10), "."),
        swap(&offset(0xff10), "．"),
        swap(&circled, "."),
        swap(&|ch| ch, "。"),
        swap(&|ch| ch, "%2e"),
        swap(&|ch| ch, "｡"),
        ip.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat(),
    ]
}

fn spellings_v6(ip: Ipv6Addr) -> [String; 3] {
    let long: Vec<String> = ip.segments().iter().map(|s| format!("{s:04X}")).collect();
    let [.., c, d] = ip.segments();
    let head: Vec<String> = ip.segments()[..6].iter().map(|s| format!("{s:x}")).collect();
    let dotted = Ipv4Addr::from((u32::from(c) << 16) | u32::from(d));
    [format!("[{ip}]"), format!("[{}]", long.join(":")), format!("[{}:{dotted}]", head.join(":"))]
}

/// What confuses parsers, and names of the inside.
fn tricks(port: u16) -> Vec<String> {
    let authorities = AUTHORITIES.lines().chain(INVISIBLE);
    let mut urls: Vec<String> =
        authorities.flat_map(|a| [format!("https://{a}:{port}/"), format!("https://{a}/")]).collect();
    urls.extend(SCHEMES.split(' ').map(|scheme| format!("{scheme}://127.0.0.1:{port}/")));
    urls.extend(SHORT.split(' ').map(Into::into));
    urls.extend(PORTS.iter().map(|port| format!("https://example.com:{port}/")));
    urls
}

/// Host parts that are refused, and what stands before them.
const AUTHORITIES: &str = include_str!("addresses/authorities.txt");

/// The same with characters that a file of lines cannot hold.
const INVISIBLE: [&str; 7] = [
    "example.com\r\nHost: 127.0.0.1",
    " 127.0.0.1",
    "127.0.0.1 ",
    "\t127.0.0.1",
    "exam ple.com",
    "",
    "\u{202e}example.com",
];

const SCHEMES: &str =
    "gopher file ftp dict ldap jar:https data javascript ws wss tftp sftp unix blob:https view-source:https";

const SHORT: &str =
    "https:127.0.0.1 https:/127.0.0.1/ https:\\\\127.0.0.1 //127.0.0.1/ 127.0.0.1 http://8.8.8.8/ http://example.com/";

const PORTS: [u16; 27] = [
    0, 1, 21, 22, 23, 25, 53, 79, 80, 110, 111, 143, 389, 445, 465, 587, 993, 1023, 1433, 3306, 3389, 5432, 5900, 6379,
    9092, 11211, 27017,
];

/// URLs of receivers as people have them.
pub(crate) const RECEIVERS: &[&str] = &[
    "https://hooks.slack.com/services/T000/B000/xyz",
    "https://discord.com/api/webhooks/1/abc",
    "https://events.pagerduty.com/v2/enqueue",
    "https://prod-1.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?api-version=2016-06-01&sig=a%2Fb",
    "https://default0.00.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/x",
    "https://hooks.example.com.:8443/iot",
    "https://a.b-c.example.co.uk/~x/?q=1,2;3",
    "https://bücher.example/hook",
    "https://例え.テスト.example/",
    "https://internal.example.com/",
    "https://localhost.example.com/",
    "https://my_receiver.example.com:10443/",
    "https://8.8.8.8/hook",
    "https://1.1.1.1:8443/",
    "HTTPS://EXAMPLE.COM/",
    "https://example.com",
];
