//! A banner: what one service said to one crawl.
//!
//! Here belong the members that every banner has, read in whatever type they come, and a typed [`Banner`] that
//! keeps the rest as Shodan wrote it. One that does not say what, where and when is refused with a reason.

pub mod fields;
mod refused;

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::lenient::{Object, digits, object, string};

pub use fields::{Context, Essentials, Transport};
pub use refused::{Reason, Refused};

/// One service as one crawl saw it.
#[derive(Clone, Debug)]
pub struct Banner {
    /// The address.
    pub ip: IpAddr,
    /// The port, 1 to 65 535.
    pub port: u16,
    /// TCP or UDP.
    pub transport: Transport,
    /// When the crawler was there. Without a zone Shodan means UTC.
    pub timestamp: Timestamp,
    /// Shodan's name of the protocol: `http`, `mqtt`, `modbus` …
    pub module: Option<String>,
    /// Product.
    pub product: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// CPE 2.3 names where known, else 2.2; sorted.
    pub cpes: Vec<String>,
    /// Names of the host, lower case, sorted.
    pub hostnames: Vec<String>,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// Whom the address is assigned to.
    pub organization: Option<String>,
    /// CVEs that apply, tested or concluded from the version; sorted.
    pub vulnerabilities: Vec<String>,
    /// CVEs that were tested and found absent (`!CVE-…`); sorted.
    pub not_vulnerable: Vec<String>,
    /// What the service said.
    pub data: String,
    /// Shodan's hash of `data`, as it is written.
    pub hash: Option<String>,
    /// Shodan's id of the banner; old ones have none.
    pub id: Option<String>,
    /// Which alert it was sent for, in a stream or to a webhook.
    pub alert: Option<AlertMark>,
    /// Everything, as Shodan wrote it.
    pub raw: Box<RawValue>,
}

/// For which alert a banner was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertMark {
    /// The alert's id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// What set it off.
    pub trigger: Option<String>,
}

/// What tells two banners apart: where, when and what.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    ip: IpAddr,
    port: u16,
    transport: Transport,
    timestamp: Timestamp,
    hash: Option<String>,
}

impl Banner {
    /// Reads one banner; `context` fills what it leaves out.
    ///
    /// # Errors
    /// Why it cannot be told what, where or when.
    pub fn read(raw: &RawValue, context: &Context) -> Result<Self, Refused> {
        let members = object(raw).ok_or(Refused { port: None, reason: Reason::NotAnObject })?;
        let Essentials { ip, port, transport, timestamp } = Essentials::read(&members, context)?;
        let text = |name: &str| members.read(name, digits).map(Cow::into_owned).filter(|text| !text.is_empty());
        let own = members.object("_shodan");
        let (vulnerabilities, not_vulnerable) = fields::vulnerabilities(&members);
        Ok(Self {
            ip,
            port,
            transport,
            timestamp,
            module: fields::module(&members),
            product: text("product"),
            version: text("version"),
            cpes: fields::cpes(&members),
            hostnames: fields::hostnames(&members),
            tags: fields::tags(&members),
            organization: text("org"),
            vulnerabilities,
            not_vulnerable,
            data: members.read("data", string).map(Cow::into_owned).unwrap_or_default(),
            hash: text("hash"),
            id: own.read("id", digits).map(Cow::into_owned),
            alert: own.read("alert", object).as_ref().and_then(alert),
            raw: raw.to_owned(),
        })
    }

    /// Reads all of a list; none is dropped in silence.
    pub fn read_all(list: &[&RawValue], context: &Context) -> (Vec<Self>, Vec<Refused>) {
        let (mut banners, mut refused) = (Vec::with_capacity(list.len()), Vec::new());
        for raw in list {
            match Self::read(raw, context) {
                Ok(banner) => banners.push(banner),
                Err(why) => refused.push(why),
            }
        }
        (banners, refused)
    }

    /// What tells it from others: the same banner on two pages of a search has the same.
    pub fn identity(&self) -> Identity {
        let Self { ip, port, transport, timestamp, .. } = *self;
        Identity { ip, port, transport, timestamp, hash: self.hash.clone().or_else(|| self.id.clone()) }
    }
}

fn alert(mark: &Object<'_>) -> Option<AlertMark> {
    let text = |name| mark.read(name, digits).map(Cow::into_owned);
    Some(AlertMark { id: text("id")?, name: text("name"), trigger: text("trigger") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Banner, Refused> {
        Banner::read(serde_json::from_str(json).unwrap(), &Context::default())
    }

    #[test]
    fn a_banner_keeps_what_it_says_in_whatever_type() {
        let banner = read(
            r#"{"ip":3221225994,"port":"443","transport":"TCP","timestamp":"2026-03-14T08:00:00.000001","version":7.5,
                "hash":-12,"data":"HTTP","cpe":"cpe:/a:x","hostnames":["B.example.","a.example"],"new":{"a":[1]},
                "vulns":{"CVE-2020-0001":{},"!CVE-2020-0002":null},"opts":{"vulns":["CVE-2014-0160"]},
                "_shodan":{"module":"https","id":null,"alert":{"id":"XYZ","name":"Plant","trigger":"new_service"}}}"#,
        )
        .unwrap();
        assert_eq!((banner.ip.to_string().as_str(), banner.port), ("192.0.2.10", 443));
        assert_eq!((banner.version.as_deref(), banner.hash.as_deref()), (Some("7.5"), Some("-12")));
        assert_eq!(banner.hostnames, ["a.example", "b.example"]);
        assert_eq!(banner.vulnerabilities, ["CVE-2014-0160", "CVE-2020-0001"]);
        assert_eq!(banner.not_vulnerable, ["CVE-2020-0002"]);
        assert_eq!(banner.alert.unwrap().trigger.as_deref(), Some("new_service"));
        assert!(banner.raw.get().contains(r#""new":{"a":[1]}"#));
    }

    #[test]
    fn what_cannot_be_placed_is_refused_with_a_reason() {
        let when = r#""timestamp":"2026-03-14T08:00:00""#;
        for (json, reason, port) in [
            ("[1]".to_owned(), Reason::NotAnObject, None),
            (format!(r#"{{"port":80,{when}}}"#), Reason::NoAddress, Some(80)),
            (format!(r#"{{"ip_str":"192.0.2.1",{when}}}"#), Reason::NoPort, None),
            (format!(r#"{{"ip_str":"192.0.2.1","port":65536,{when}}}"#), Reason::NoPort, None),
            (r#"{"ip_str":"192.0.2.1","port":80,"timestamp":"soon"}"#.to_owned(), Reason::NoDate, Some(80)),
            (
                format!(r#"{{"ip_str":"192.0.2.1","port":80,"transport":"sctp",{when}}}"#),
                Reason::UnknownTransport,
                Some(80),
            ),
        ] {
            assert_eq!(read(&json).unwrap_err(), Refused { port, reason }, "{json}");
        }
    }
}
