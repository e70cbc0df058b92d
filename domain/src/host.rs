//! What is known of one address beside its services.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cve::CveId;
use crate::observation::{DataSource, HostObservation, Location};

/// A host as it is stored, at its owner asset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Host {
    /// The address.
    pub ip: IpAddr,
    /// Who says so.
    pub source: DataSource,
    /// The source's date of its newest look, or when we first got this content.
    pub last_observed_at: Timestamp,
    /// `false`: the source has no dates.
    pub observed_at_exact: bool,
    /// When we got it.
    pub polled_at: Timestamp,
    /// Names.
    #[serde(default)]
    pub hostnames: Vec<String>,
    /// Autonomous system.
    #[serde(default)]
    pub asn: Option<String>,
    /// Who the address is assigned to.
    #[serde(default)]
    pub organization: Option<String>,
    /// Internet provider.
    #[serde(default)]
    pub isp: Option<String>,
    /// Operating system.
    #[serde(default)]
    pub operating_system: Option<String>,
    /// Place.
    #[serde(default)]
    pub location: Option<Location>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Ports that the source lists.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// CVEs that the source lists without a port.
    #[serde(default)]
    pub vulnerabilities: Vec<CveId>,
    /// CPEs of the host.
    #[serde(default)]
    pub cpes: Vec<String>,
}

/// Above so many open ports a host answers on every port, as honeypots and some firewalls do.
const TOO_MANY_PORTS: usize = 100;

impl Host {
    /// What an answer says of its host.
    pub fn of(seen: &HostObservation, polled_at: Timestamp) -> Self {
        Self {
            ip: seen.ip,
            source: seen.source,
            last_observed_at: seen.observed_at.unwrap_or(polled_at),
            observed_at_exact: seen.observed_at.is_some(),
            polled_at,
            hostnames: seen.hostnames.clone(),
            asn: seen.asn.clone(),
            organization: seen.organization.clone(),
            isp: seen.isp.clone(),
            operating_system: seen.operating_system.clone(),
            location: seen.location.clone(),
            tags: seen.tags.clone(),
            ports: seen.ports.clone(),
            vulnerabilities: seen.vulnerabilities.clone(),
            cpes: seen.cpes.clone(),
        }
    }

    /// Does it say the same, whenever it was said?
    pub fn says_the_same(&self, other: &Self) -> bool {
        let dateless =
            |h: &Self| Self { polled_at: Timestamp::UNIX_EPOCH, last_observed_at: Timestamp::UNIX_EPOCH, ..h.clone() };
        dateless(self) == dateless(other)
    }

    /// Why what is concluded from versions here cannot be believed, if so.
    pub fn doubt(&self) -> Option<&'static str> {
        if self.tags.iter().any(|t| t == "honeypot") {
            Some("the host is tagged as a honeypot")
        } else if self.ports.len() > TOO_MANY_PORTS {
            Some("the host answers on more than 100 ports, as honeypots do")
        } else if self.tags.iter().any(|t| t == "cdn") || crate::cdn::is_shared(self.ip) {
            Some("the address belongs to a content delivery network and is shared with others")
        } else {
            None
        }
    }
}
