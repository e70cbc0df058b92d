use std::net::IpAddr;

use domain::observation::{DataSource, HostObservation, Transport};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// What a poll of one asset brought.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    /// The hosts, one observation each, in the order of their addresses.
    pub hosts: Vec<HostObservation>,
    /// Only what was seen since the last poll was asked for.
    pub news: bool,
    /// Is the answer whole, so that what it leaves out was missed?
    pub whole: bool,
    /// Who answered.
    pub source: Option<DataSource>,
    /// The addresses that a host name has now.
    pub addresses: Option<Vec<IpAddr>>,
    /// It came without a poll: it changes nothing of when to poll, and answers no poll.
    pub by_itself: bool,
    /// Ports that were looked at on purpose: what is not there of them is gone.
    pub asked: Vec<(u16, Transport)>,
}

impl Answer {
    /// The same answer about some of its hosts.
    pub(super) fn about(&self, wanted: impl Fn(IpAddr) -> bool) -> Self {
        Self {
            hosts: self.hosts.iter().filter(|host| wanted(host.ip)).cloned().collect(),
            news: self.news,
            whole: self.whole,
            source: self.source,
            addresses: self.addresses.clone(),
            by_itself: self.by_itself,
            asked: self.asked.clone(),
        }
    }

    /// Equal answers have equal hashes, in whatever order and pages they came.
    pub(super) fn hash(&self) -> String {
        let mut digest = Sha256::new();
        digest.update([u8::from(self.whole)]);
        for host in &self.hosts {
            let mut banners: Vec<String> = host
                .banners
                .iter()
                .map(|b| format!("{}/{}@{}={}", b.port, b.transport.as_str(), b.observed_at, b.hash))
                .collect();
            banners.sort();
            let facts = format!(
                "{}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}",
                host.ip,
                host.source,
                host.observed_at,
                host.hostnames,
                host.asn,
                host.organization,
                host.isp,
                host.operating_system,
                host.location,
                host.tags,
                host.ports,
                host.vulnerabilities,
                host.cpes,
            );
            digest.update(facts.as_bytes());
            for banner in banners {
                digest.update(banner.as_bytes());
                digest.update([0]);
            }
        }
        digest.finalize().iter().take(12).map(|b| format!("{b:02x}")).collect()
    }

    /// When the source last saw anything.
    pub(super) fn observed(&self) -> Option<Timestamp> {
        let banners = self.hosts.iter().flat_map(|h| h.banners.iter().map(|b| b.observed_at));
        banners.chain(self.hosts.iter().filter_map(|h| h.observed_at)).max()
    }
}

/// Observations of the same host from several pages become one: the greatest (date, hash) of each service wins.
pub(super) fn joined(hosts: Vec<HostObservation>) -> Vec<HostObservation> {
    let mut by_ip: std::collections::BTreeMap<IpAddr, HostObservation> = std::collections::BTreeMap::new();
    for host in hosts {
        match by_ip.get_mut(&host.ip) {
            None => {
                by_ip.insert(host.ip, host);
            }
            Some(known) => join(known, host),
        }
    }
    by_ip.into_values().collect()
}

fn join(known: &mut HostObservation, more: HostObservation) {
    for banner in more.banners {
        match known.banners.iter_mut().find(|b| b.port == banner.port && b.transport == banner.transport) {
            Some(old) if (banner.observed_at, &banner.hash) > (old.observed_at, &old.hash) => *old = banner,
            Some(_) => {}
            None => known.banners.push(banner),
        }
    }
    known.banners.sort_by_key(|a| (a.port, a.transport));
    if more.observed_at > known.observed_at {
        known.asn = more.asn;
        known.organization = more.organization;
        known.isp = more.isp;
        known.operating_system = more.operating_system;
        known.location = more.location;
        known.observed_at = more.observed_at;
    }
    merge_list(&mut known.hostnames, more.hostnames);
    merge_list(&mut known.tags, more.tags);
    merge_list(&mut known.ports, more.ports);
    merge_list(&mut known.vulnerabilities, more.vulnerabilities);
    merge_list(&mut known.not_vulnerable, more.not_vulnerable);
    merge_list(&mut known.cpes, more.cpes);
}

fn merge_list<T: Ord>(list: &mut Vec<T>, more: Vec<T>) {
    list.extend(more);
    list.sort();
    list.dedup();
}
