use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use domain::observation::{Banner, Transport};
use jiff::Timestamp;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::facts::Facts;
use super::{blocks, tls, vulnerabilities};
use crate::lenient::{Object, block, digits, instant, integer, line, object, string, texts};

const LONGEST_TEXT: usize = 4 * 1024;
const LONGEST_LIST: usize = 64;

/// One banner as it was read, with what it says of its host.
#[derive(Debug)]
pub(super) struct Sighting {
    pub(super) ip: IpAddr,
    pub(super) facts: Facts,
    pub(super) hostnames: Vec<String>,
    pub(super) banner: Banner,
}

/// What stands around a banner and fills what it leaves out.
#[derive(Debug, Default)]
pub(super) struct Context {
    pub(super) ip: Option<IpAddr>,
    pub(super) observed_at: Option<Timestamp>,
}

/// A banner that does not say what, where and when.
#[derive(Debug)]
pub(super) struct Unreadable {
    /// Its port, if at least that can be read.
    pub(super) port: Option<u16>,
}

/// Reads one banner.
pub(super) fn read(raw: &RawValue, context: &Context) -> Result<Sighting, Unreadable> {
    let members = object(raw).ok_or(Unreadable { port: None })?;
    let port = members.read("port", integer::<u16>).filter(|port| *port > 0);
    read_members(&members, port, context).ok_or(Unreadable { port })
}

fn read_members(members: &Object<'_>, port: Option<u16>, context: &Context) -> Option<Sighting> {
    let ip = address(members).or(context.ip)?;
    let observed_at = members.read("timestamp", string).and_then(|at| instant(&at)).or(context.observed_at)?;
    let text = |name: &str, max| members.read(name, digits).and_then(|text| line(&text, max));
    let module = members.object("_shodan").read("module", string).and_then(|module| line(&module, 64));
    let tags = tags(members);
    let claims = vulnerabilities::read(members);
    let mut banner = Banner {
        port: port?,
        transport: transport(members, module.as_deref())?,
        // The hash is of everything but this; the true instant follows.
        observed_at: Timestamp::UNIX_EPOCH,
        module,
        product: text("product", 256),
        version: text("version", 128),
        cpes: cpes(members),
        text: members.read("data", string).map(|data| block(&data, LONGEST_TEXT)).unwrap_or_default(),
        vulnerabilities: claims.vulnerable,
        not_vulnerable: claims.not_vulnerable,
        tls: members.read("ssl", object).map(|ssl| tls::read(&ssl, &tags)),
        blocks: blocks::read(members),
        tags,
        hash: String::new(),
    };
    banner.hash = hash(&banner)?;
    banner.observed_at = observed_at;
    Some(Sighting { ip, facts: Facts::of_banner(members), hostnames: hostnames(members), banner })
}

/// The address of a banner or a host: as text, as IPv6, or as a number.
pub(super) fn address(members: &Object<'_>) -> Option<IpAddr> {
    let text = |name| members.read(name, string).and_then(|ip| ip.trim().parse().ok());
    text("ip_str").or_else(|| text("ipv6")).or_else(|| {
        // Numbers serve for IPv4 alone; newer answers have the text there, too.
        let number = members.read("ip", integer::<u32>).map(|ip| IpAddr::V4(Ipv4Addr::from(ip)));
        number.or_else(|| text("ip"))
    })
}

/// Names of a banner or a host, in lower case, sorted.
pub(super) fn hostnames(members: &Object<'_>) -> Vec<String> {
    let names = members.get("hostnames").map(texts).unwrap_or_default();
    list(&names, |name| line(name.trim_end_matches('.'), 253).map(|name| name.to_lowercase()))
}

/// Tags of a banner or a host, sorted.
pub(super) fn tags(members: &Object<'_>) -> Vec<String> {
    list(&members.get("tags").map(texts).unwrap_or_default(), |tag| line(tag, 64))
}

fn cpes(members: &Object<'_>) -> Vec<String> {
    let read = |name| list(&members.get(name).map(texts).unwrap_or_default(), |cpe| line(cpe, 256));
    let modern = read("cpe23");
    if modern.is_empty() { read("cpe") } else { modern }
}

fn list(texts: &[Cow<'_, str>], read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut list: Vec<String> = texts.iter().filter_map(|text| read(text)).collect();
    list.sort_unstable();
    list.dedup();
    list.truncate(LONGEST_LIST);
    list
}

/// Old answers leave the transport out; then the name of the module tells UDP.
fn transport(members: &Object<'_>, module: Option<&str>) -> Option<Transport> {
    match members.read("transport", string) {
        Some(name) if name.eq_ignore_ascii_case("tcp") => Some(Transport::Tcp),
        Some(name) if name.eq_ignore_ascii_case("udp") => Some(Transport::Udp),
        Some(_) => None,
        None if module.is_some_and(|module| module.ends_with("-udp")) => Some(Transport::Udp),
        None => Some(Transport::Tcp),
    }
}

/// The first 16 hex digits of SHA-256 over the banner, whose maps are all sorted by name.
fn hash(banner: &Banner) -> Option<String> {
    let canonical = serde_json::to_vec(banner).ok()?;
    let mut hex = format!("{:x}", Sha256::digest(canonical));
    hex.truncate(16);
    Some(hex)
}
