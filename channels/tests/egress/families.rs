//! How hostile addresses and URLs arise: a few lists, and what can be made of each entry.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// IPv4 addresses that no webhook may reach: ends and middles of every special range, and well-known metadata services.
const INSIDE_V4: &str = include_str!("corpus/inside_v4.txt");

/// IPv6 addresses that no webhook may reach and that carry no IPv4 address.
const INSIDE_V6: &str = include_str!("corpus/inside_v6.txt");

/// Host parts that are refused, and what stands before them.
const AUTHORITIES: &str = include_str!("corpus/authorities.txt");

/// The entries of one family, and how they arise.
pub(crate) struct Family {
    pub(crate) how: String,
    pub(crate) entries: Vec<String>,
}

/// As it is committed: what begins with `#` says how the lines below it arise.
pub(crate) fn rendered(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families {
        writeln!(text, "# {}\n{}", family.how, family.entries.join("\n")).unwrap();
    }
    text
}

fn family(how: impl Into<String>, entries: impl IntoIterator<Item = String>) -> Family {
    Family { how: how.into(), entries: entries.into_iter().collect() }
}

fn inside_v4() -> impl Iterator<Item = Ipv4Addr> {
    INSIDE_V4.lines().map(|ip| ip.parse().unwrap())
}

/// Every address that must not be reached.
pub(crate) fn addresses() -> Vec<Family> {
    let mut families = vec![
        family(
            "IPv4: ends and middles of IANA's special-purpose ranges, metadata services, Azure's WireServer.",
            inside_v4().map(|ip| ip.to_string()),
        ),
        family(
            "IPv6: special-purpose ranges, and what IANA has assigned to nobody.",
            INSIDE_V6.lines().map(str::to_owned),
        ),
    ];
    families.extend(
        CLOTHES
            .iter()
            .map(|(how, wear)| family(*how, inside_v4().map(|ip| Ipv6Addr::from(wear(bits(ip))).to_string()))),
    );
    families
}

fn bits(ip: Ipv4Addr) -> u128 {
    u128::from(u32::from(ip))
}

/// How a transition mechanism writes an IPv4 address, in bits, into an IPv6 address.
type Wear = fn(u128) -> u128;

const CLOTHES: [(&str, Wear); 9] = [
    ("IPv4-compatible (RFC 4291 §2.5.5.1): ::a.b.c.d", |v4| v4),
    ("IPv4-mapped (RFC 4291 §2.5.5.2): ::ffff:a.b.c.d", |v4| 0xffff << 32 | v4),
    ("IPv4-translated, SIIT (RFC 2765): ::ffff:0:a.b.c.d", |v4| 0xffff << 48 | v4),
    ("NAT64 (RFC 6052): 64:ff9b::a.b.c.d", |v4| 0x0064_ff9b << 96 | v4),
    ("NAT64 for local use (RFC 8215): 64:ff9b:1::a.b.c.d", |v4| 0x0064_ff9b_0001 << 80 | v4),
    ("6to4 (RFC 3056): 2002:aabb:ccdd::1", |v4| 0x2002 << 112 | v4 << 80 | 1),
    ("Teredo (RFC 4380): 2001:0:server::, the client's address inverted", |v4| {
        0x2001_0000 << 96 | 0x0808_0808 << 64 | (v4 ^ 0xffff_ffff)
    }),
    ("ISATAP (RFC 5214) behind a public prefix: 2a00:1450::5efe:a.b.c.d", |v4| 0x2a00_1450 << 96 | 0x5efe << 32 | v4),
    ("ISATAP, link-local: fe80::200:5efe:a.b.c.d", |v4| 0xfe80 << 112 | 0x0200_5efe << 32 | v4),
];

/// Every URL that must be refused before anything is resolved. `{port}` stands for a port where a server listens.
pub(crate) fn urls() -> Vec<Family> {
    let targets: Vec<Ipv4Addr> = inside_v4().filter(|ip| !ip.is_broadcast()).collect();
    let mut families: Vec<Family> = SPELLINGS
        .iter()
        .map(|(how, spell)| family(*how, targets.iter().map(|ip| format!("https://{}:{{port}}/", spell(*ip)))))
        .collect();
    families.extend(CLOTHES.iter().map(|(how, wear)| {
        let literals = targets.iter().flat_map(|ip| literals(Ipv6Addr::from(wear(bits(*ip)))));
        family(format!("In brackets, short, long, and with a dotted end. {how}"), literals)
    }));
    families.push(family(
        "IPv6 literals that carry no IPv4 address.",
        INSIDE_V6.lines().map(|ip| format!("https://[{ip}]:{{port}}/")),
    ));
    families.push(family(
        "Names of the inside, user information, parsers' quarrels, numbers that are no address.",
        AUTHORITIES.lines().flat_map(|a| [format!("https://{a}:{{port}}/"), format!("https://{a}/")]),
    ));
    families.push(family("Other schemes.", SCHEMES.split(' ').map(|scheme| format!("{scheme}://127.0.0.1:{{port}}/"))));
    families.push(family("Too few or the wrong slashes, and plain http.", SHORT.split(' ').map(Into::into)));
    families.push(family(
        "Ports where something else than a web server listens.",
        PORTS.iter().map(|port| format!("https://example.com:{port}/")),
    ));
    families
}

/// One spelling of an IPv4 address.
type Spell = fn(Ipv4Addr) -> String;

/// How an IPv4 address can be written so that some parser takes it (WHATWG URL, IPv4 parser; `inet_aton`).
const SPELLINGS: [(&str, Spell); 21] = [
    ("As everybody writes it.", |ip| ip.to_string()),
    ("With the root's dot.", |ip| format!("{ip}.")),
    ("One decimal number.", |ip| u32::from(ip).to_string()),
    ("One hexadecimal number.", |ip| format!("{:#x}", u32::from(ip))),
    ("One hexadecimal number in capitals.", |ip| format!("0X{:X}", u32::from(ip))),
    ("One hexadecimal number with leading zeros.", |ip| format!("0x0000{:08x}", u32::from(ip))),
    ("One octal number.", |ip| format!("0{:o}", u32::from(ip))),
    ("Two parts, decimal.", |ip| format!("{}.{}", ip.octets()[0], u32::from(ip) & 0x00ff_ffff)),
    ("Three parts, decimal.", |ip| {
        let [a, b, ..] = ip.octets();
        format!("{a}.{b}.{}", u32::from(ip) & 0xffff)
    }),
    ("Four parts, hexadecimal.", |ip| ip.octets().map(|octet| format!("{octet:#x}")).join(".")),
    ("Four parts, octal.", |ip| ip.octets().map(|octet| format!("0{octet:o}")).join(".")),
    ("Four parts, mixed, with leading zeros.", |ip| {
        let [a, b, c, d] = ip.octets();
        format!("000{a:o}.{b}.{c:#x}.{d}")
    }),
    ("Two parts, hexadecimal.", |ip| format!("{:#x}.{:#x}", ip.octets()[0], u32::from(ip) & 0x00ff_ffff)),
    ("Three parts, mixed.", |ip| {
        let [a, b, ..] = ip.octets();
        format!("0{a:o}.{b}.{:#x}", u32::from(ip) & 0xffff)
    }),
    ("Full-width digits (UTS #46).", |ip| swapped(ip, &|digit| offset(0xff10, digit), ".")),
    ("Full-width digits and dots (UTS #46).", |ip| swapped(ip, &|digit| offset(0xff10, digit), "．")),
    ("Circled digits (UTS #46).", |ip| {
        swapped(ip, &|digit| if digit == '0' { '⓪' } else { offset(0x2460 - 1, digit) }, ".")
    }),
    ("Ideographic dots (UTS #46).", |ip| swapped(ip, &|digit| digit, "。")),
    ("Dots as percent-escapes.", |ip| swapped(ip, &|digit| digit, "%2e")),
    ("Half-width ideographic dots (UTS #46).", |ip| swapped(ip, &|digit| digit, "｡")),
    ("All as percent-escapes.", |ip| ip.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect()),
];

fn swapped(ip: Ipv4Addr, digits: &dyn Fn(char) -> char, dot: &str) -> String {
    ip.to_string().chars().map(|c| if c == '.' { dot.to_owned() } else { digits(c).to_string() }).collect()
}

fn offset(base: u32, digit: char) -> char {
    char::from_u32(base + u32::from(digit) - u32::from('0')).unwrap()
}

fn literals(ip: Ipv6Addr) -> [String; 3] {
    let long: Vec<String> = ip.segments().iter().map(|s| format!("{s:04X}")).collect();
    let [.., c, d] = ip.segments();
    let head: Vec<String> = ip.segments()[..6].iter().map(|s| format!("{s:x}")).collect();
    let dotted = Ipv4Addr::from((u32::from(c) << 16) | u32::from(d));
    [format!("{ip}"), long.join(":"), format!("{}:{dotted}", head.join(":"))]
        .map(|ip| format!("https://[{ip}]:{{port}}/"))
}

const SCHEMES: &str =
    "gopher file ftp dict ldap jar:https data javascript ws wss tftp sftp unix blob:https view-source:https";

const SHORT: &str =
    "https:127.0.0.1 https:/127.0.0.1/ https:\\\\127.0.0.1 //127.0.0.1/ 127.0.0.1 http://8.8.8.8/ http://example.com/";

const PORTS: [u16; 27] = [
    0, 1, 21, 22, 23, 25, 53, 79, 80, 110, 111, 143, 389, 445, 465, 587, 993, 1023, 1433, 3306, 3389, 5432, 5900, 6379,
    9092, 11211, 27017,
];
