//! What a source saw, in our words.
//!
//! Sources turn their own formats into these types and never know what becomes of them. All lists are sorted and
//! free of duplicates, so that equal content is equal.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::cve::CveId;

/// Where a fact comes from. Ordered: a greater source is richer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DataSource {
    /// Ports, CPEs, tags and CVEs without banners or dates.
    #[serde(rename = "INTERNETDB")]
    InternetDb,
    /// A search: banners that may leave some services out.
    ShodanSearch,
    /// A push of Shodan Monitor.
    ShodanAlert,
    /// A look-up of one host: everything.
    ShodanHost,
}

impl DataSource {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InternetDb => "INTERNETDB",
            Self::ShodanSearch => "SHODAN_SEARCH",
            Self::ShodanAlert => "SHODAN_ALERT",
            Self::ShodanHost => "SHODAN_HOST",
        }
    }

    /// Does it show banners, so that rules on banner fields can be judged?
    pub const fn has_banners(self) -> bool {
        !matches!(self, Self::InternetDb)
    }
}

/// TCP or UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Transport {
    /// TCP
    Tcp,
    /// UDP
    Udp,
}

impl Transport {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

/// Where a host is said to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Location {
    /// ISO 3166 code of two letters.
    pub country_code: Option<String>,
    /// Name of the country.
    pub country_name: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
}

/// One address as one answer describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct HostObservation {
    /// The address.
    pub ip: IpAddr,
    /// Who says so.
    pub source: DataSource,
    /// The source's own date of its newest look (`last_update`; of a search the newest banner). `None`: it has no dates.
    pub observed_at: Option<Timestamp>,
    /// Names.
    pub hostnames: Vec<String>,
    /// Autonomous system, `AS64500`.
    pub asn: Option<String>,
    /// Who the address is assigned to.
    pub organization: Option<String>,
    /// Internet provider.
    pub isp: Option<String>,
    /// Operating system.
    pub operating_system: Option<String>,
    /// Place.
    pub location: Option<Location>,
    /// Tags of the host, such as `ics`, `honeypot`, `cdn`.
    pub tags: Vec<String>,
    /// Ports that the source lists for the host: may be more than there are banners for.
    pub ports: Vec<u16>,
    /// CVEs that the source lists for the host without saying which port (InternetDB; Shodan's `vulns` list).
    pub vulnerabilities: Vec<CveId>,
    /// CVEs that were tested and found absent (`!CVE…`).
    pub not_vulnerable: Vec<CveId>,
    /// CPEs of the host (InternetDB).
    pub cpes: Vec<String>,
    /// The services.
    pub banners: Vec<Banner>,
}

/// One service as one crawl saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Banner {
    /// Port, 1 to 65 535.
    pub port: u16,
    /// TCP or UDP.
    pub transport: Transport,
    /// When the source saw it.
    pub observed_at: Timestamp,
    /// The source's name of the protocol: `http`, `mqtt`, `modbus`, `rtsp-tcp` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// CPE 2.3 names where known, else 2.2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cpes: Vec<String>,
    /// Tags of this service (`eol-product`, `self-signed`, `compromised` …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What the service said, ≤ 4 KiB, control characters replaced.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// CVEs of this service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vulnerabilities: BTreeMap<CveId, VulnerabilityClaim>,
    /// CVEs that were tested on this service and found absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_vulnerable: Vec<CveId>,
    /// Its TLS side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// The protocol's own fields as the source names them: `{"mqtt": {"code": 0}, "mongodb": {…}}`, ≤ 16 KiB as JSON.
    /// Where something was too large to keep stands [`cut`]: never nothing.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub blocks: Map<String, Value>,
    /// SHA-256 (hex, 16 characters) of everything here but `observed_at`: equal content, equal hash.
    pub hash: String,
}

/// The only member of [`cut`].
const CUT: &str = "\u{2702}";

/// Stands in a block for what was too large to keep: a whole block, a member, the items of a list from there on. An
/// object with more members than can be named is cut as a whole. A rule that looks there is undecided, so that what a
/// device says at length never ends a finding.
pub fn cut() -> Value {
    json!({CUT: true})
}

/// Does the value stand for what was too large?
pub fn is_cut(value: &Value) -> bool {
    value.as_object().is_some_and(|members| members.len() == 1 && members.contains_key(CUT))
}

/// What a source says of one CVE on one service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VulnerabilityClaim {
    /// The source tested it: VERIFIED. Otherwise it was concluded from a version.
    pub verified: bool,
    /// CVSS base score, 0 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cvss: Option<f64>,
    /// CVSS version, such as `3.1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cvss_version: Option<String>,
    /// EPSS probability, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss: Option<f64>,
    /// EPSS percentile, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss_percentile: Option<f64>,
    /// In CISA's catalogue of known exploited vulnerabilities.
    pub known_exploited: bool,
    /// Used in ransomware campaigns.
    pub ransomware: bool,
    /// What it is, ≤ 512 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Links, ≤ 5.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
}

/// The TLS side of a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tls {
    /// Versions that it speaks, such as `TLSv1.2`; those that it refuses (`-SSLv3`) are left out.
    pub versions: Vec<String>,
    /// The cipher suite that was agreed.
    pub cipher: Option<String>,
    /// Whom the certificate names.
    pub subject: Option<String>,
    /// Who signed it.
    pub issuer: Option<String>,
    /// Valid from.
    pub not_before: Option<Timestamp>,
    /// Valid until.
    pub not_after: Option<Timestamp>,
    /// Signed by itself.
    pub self_signed: bool,
    /// Bits of the public key.
    pub key_bits: Option<u32>,
    /// Algorithm of the signature.
    pub signature_algorithm: Option<String>,
    /// SHA-256 of the certificate, hex.
    pub fingerprint_sha256: Option<String>,
    /// Serial number, decimal: may exceed 64 bits.
    pub serial: Option<String>,
}
