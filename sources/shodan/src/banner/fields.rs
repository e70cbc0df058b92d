//! The members that every banner has, one function each.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::{Reason, Refused};
use crate::lenient::{Object, instant, integer, line, object, string, texts};

/// More of one kind on one banner tells nothing more.
const LONGEST_LIST: usize = 64;
/// A name in the DNS has at most as many characters.
const LONGEST_NAME: usize = 253;

/// TCP or UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// TCP
    Tcp,
    /// UDP
    Udp,
}

/// What stands around a banner and fills what it leaves out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// The address of the host in which it stands.
    pub ip: Option<IpAddr>,
    /// When the host was last seen.
    pub timestamp: Option<Timestamp>,
}

/// What a banner must say to be of any use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Essentials {
    /// The address.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
    /// TCP or UDP.
    pub transport: Transport,
    /// When.
    pub timestamp: Timestamp,
}

impl Essentials {
    /// Reads where and when.
    ///
    /// # Errors
    /// The first thing that is missing.
    pub fn read(banner: &Object<'_>, context: &Context) -> Result<Self, Refused> {
        let port = banner.read("port", integer::<u16>).filter(|port| *port > 0);
        let refused = |reason| Refused { port, reason };
        Ok(Self {
            ip: address(banner).or(context.ip).ok_or(refused(Reason::NoAddress))?,
            port: port.ok_or(refused(Reason::NoPort))?,
            timestamp: banner
                .read("timestamp", string)
                .and_then(|at| instant(&at))
                .or(context.timestamp)
                .ok_or(refused(Reason::NoDate))?,
            transport: transport(banner).ok_or(refused(Reason::UnknownTransport))?,
        })
    }
}

/// The address of a banner or a host: as text, as IPv6, or as a number.
pub fn address(members: &Object<'_>) -> Option<IpAddr> {
    let text = |name| members.read(name, string).and_then(|ip| ip.trim().parse().ok());
    text("ip_str").or_else(|| text("ipv6")).or_else(|| {
        // Numbers serve for IPv4 alone; newer answers have the text there, too.
        let number = members.read("ip", integer::<u32>).map(|ip| IpAddr::V4(Ipv4Addr::from(ip)));
        number.or_else(|| text("ip"))
    })
}

/// Shodan's name of the protocol.
pub fn module(banner: &Object<'_>) -> Option<String> {
    banner.object("_shodan").read("module", string).and_then(|module| line(&module, 64))
}

/// TCP or UDP. Old answers leave it out; then the name of the module tells UDP. `None`: something else.
pub fn transport(banner: &Object<'_>) -> Option<Transport> {
    match banner.read("transport", string) {
        Some(name) if name.eq_ignore_ascii_case("tcp") => Some(Transport::Tcp),
        Some(name) if name.eq_ignore_ascii_case("udp") => Some(Transport::Udp),
        Some(_) => None,
        None if module(banner).is_some_and(|module| module.ends_with("-udp")) => Some(Transport::Udp),
        None => Some(Transport::Tcp),
    }
}

/// Names of a banner or a host, in lower case, sorted.
pub fn hostnames(members: &Object<'_>) -> Vec<String> {
    list(members, "hostnames", |name| line(name.trim_end_matches('.'), LONGEST_NAME).map(|name| name.to_lowercase()))
}

/// Tags of a banner or a host, sorted.
pub fn tags(members: &Object<'_>) -> Vec<String> {
    list(members, "tags", |tag| line(tag, 64))
}

/// CPE 2.3 names where there are any, else 2.2; sorted.
pub fn cpes(banner: &Object<'_>) -> Vec<String> {
    let read = |name| list(banner, name, |cpe| line(cpe, 256));
    let modern = read("cpe23");
    if modern.is_empty() { read("cpe") } else { modern }
}

/// The CVEs in `vulns` and `opts.vulns` of a banner or a host: those that apply, and those that were tested and found
/// absent (`!CVE-…`). What was found absent is not among those that apply.
pub fn vulnerabilities(members: &Object<'_>) -> (Vec<String>, Vec<String>) {
    let opts = members.object("opts");
    let sources = [members.get("vulns"), opts.get("vulns")];
    let names: BTreeSet<String> = sources.into_iter().flatten().flat_map(names).collect();
    let absent: BTreeSet<&str> = names.iter().filter_map(|name| name.strip_prefix('!')).collect();
    let applies = names.iter().filter(|name| !name.starts_with('!') && !absent.contains(name.as_str()));
    (applies.cloned().collect(), absent.iter().map(|name| (*name).to_owned()).collect())
}

/// A list of names, or the names of an object's members.
fn names(raw: &RawValue) -> Vec<String> {
    match object(raw) {
        Some(named) => named.members().map(|(name, _)| name.to_owned()).collect(),
        None => texts(raw).into_iter().map(Cow::into_owned).collect(),
    }
}

fn list(members: &Object<'_>, name: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let texts = members.get(name).map(texts).unwrap_or_default();
    let mut list: Vec<String> = texts.iter().filter_map(|text| read(text)).collect();
    list.sort_unstable();
    list.dedup();
    list.truncate(LONGEST_LIST);
    list
}
