use std::fmt::Write as _;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;

use shodan_client::banner::fields;
use shodan_client::lenient::{Object, asn1_instant, digits, instant, integer, object, string, texts, truth};

/// A member that says: the certificate's dates move with the banner's.
const MOVES_CERTIFICATE: &str = "_demo_moves_certificate";

/// One banner: what a search looks at, and the text that is served.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) ip: IpAddr,
    pub(super) port: u16,
    pub(super) at: Timestamp,
    pub(super) hostnames: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) cpes: Vec<String>,
    /// CVEs as Shodan lists them, `!CVE-…` included.
    pub(super) vulns: Vec<String>,
    /// The banner as JSON. Kept as text, since not every number in it fits one of ours.
    pub(super) json: String,
}

impl Record {
    /// Reads a banner; `host` is the address of the host in which it stands.
    pub(super) fn read(raw: &RawValue, host: Option<IpAddr>) -> Option<Self> {
        let banner = object(raw)?;
        let ip = fields::address(&banner).or(host)?;
        let opts = banner.object("opts");
        let vulns = banner.get("vulns");
        let named =
            vulns.and_then(object).map(|named| named.members().map(|(name, _)| name.to_owned()).collect::<Vec<_>>());
        let listed = || vulns.map(owned).unwrap_or_default();
        let mut vulns = named.unwrap_or_else(listed);
        vulns.extend(opts.get("vulns").map(owned).unwrap_or_default());
        Some(Self {
            ip,
            port: banner.read("port", integer)?,
            at: banner.read("timestamp", string).and_then(|at| instant(&at))?,
            hostnames: banner.get("hostnames").map(owned).unwrap_or_default(),
            tags: banner.get("tags").map(owned).unwrap_or_default(),
            cpes: banner.get("cpe").or_else(|| banner.get("cpe23")).map(owned).unwrap_or_default(),
            vulns,
            json: raw.get().to_owned(),
        })
    }

    /// Reads a banner from a value.
    pub(super) fn of(value: &Value, host: IpAddr) -> Option<Self> {
        let raw = RawValue::from_string(value.to_string()).ok()?;
        Self::read(&raw, Some(host)).map(|record| Self { ip: host, ..record })
    }

    /// The same banner so much later.
    pub(super) fn moved(&self, by: SignedDuration) -> Option<Self> {
        let at = self.at.checked_add(by).ok()?;
        let banner: Object<'_> = serde_json::from_str(&self.json).ok()?;
        let mut json = String::with_capacity(self.json.len() + 8);
        for (name, raw) in banner.members().filter(|(name, _)| *name != MOVES_CERTIFICATE) {
            json.push(if json.is_empty() { '{' } else { ',' });
            write!(json, "{}:", Value::from(name)).ok()?;
            match name {
                "timestamp" => write!(json, "\"{}\"", at.strftime("%Y-%m-%dT%H:%M:%S%.6f")).ok()?,
                "ssl" if banner.get(MOVES_CERTIFICATE).is_some() => json.push_str(&moved_certificate(raw, by)),
                _ => json.push_str(raw.get()),
            }
        }
        json.push('}');
        Some(Self { at, json, ..self.clone() })
    }

    /// The CVEs that were tested.
    pub(super) fn verified(&self) -> Vec<String> {
        let members = self.members();
        let vulns = members.object("vulns");
        let tested = |raw: &RawValue| object(raw).is_some_and(|details| details.read("verified", truth) == Some(true));
        vulns.members().filter(|(_, raw)| tested(raw)).map(|(name, _)| name.to_owned()).collect()
    }

    /// The banner's members.
    pub(super) fn members(&self) -> Object<'_> {
        serde_json::from_str(&self.json).unwrap_or_default()
    }
}

/// The texts of a list.
pub(super) fn owned(raw: &RawValue) -> Vec<String> {
    texts(raw).into_iter().map(std::borrow::Cow::into_owned).collect()
}

fn moved_certificate(ssl: &RawValue, by: SignedDuration) -> String {
    let mut json = ssl.get().to_owned();
    let cert = object(ssl).map(|ssl| ssl.object("cert")).unwrap_or_default();
    for name in ["issued", "expires"] {
        let Some(written) = cert.read(name, digits) else { continue };
        let moved = asn1_instant(&written).and_then(|at| at.checked_add(by).ok());
        if let Some(moved) = moved {
            json = json.replace(&*written, &moved.strftime("%Y%m%d%H%M%SZ").to_string());
        }
    }
    json
}
