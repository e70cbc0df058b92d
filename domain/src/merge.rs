//! From what a source answered to what is known: which services are there, seen again, missed, gone.
//!
//! An answer proves only what it can show. "Unknown" proves nothing; an answer that leaves a service out counts
//! once per crawl of its host; a poorer source overwrites nothing richer.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::host::Host;
use crate::ids::{AssetId, ServiceId};
use crate::observation::{Banner, DataSource, HostObservation, Transport};
use crate::service::{Service, ServiceState};

/// What is stored about an asset's hosts and services.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Hosts by address.
    pub hosts: BTreeMap<IpAddr, Host>,
    /// Services by id.
    pub services: BTreeMap<ServiceId, Service>,
}

/// An answer about one host.
#[derive(Clone, Debug)]
pub struct Look<'a> {
    /// What was answered.
    pub seen: &'a HostObservation,
    /// Is the answer whole, so that what it leaves out was missed? Never for a delta or a page that failed.
    pub whole: bool,
    /// Ports that were looked at on purpose, as by a scan: what the answer leaves out of them is gone at once. Where
    /// nothing was seen of the host it has no date, and says nothing else of it.
    pub asked: &'a [(u16, Transport)],
}

/// What to merge by.
#[derive(Clone, Copy, Debug)]
pub struct MergeRules {
    /// How many misses close a service (≥ 1).
    pub close_after_misses: u32,
    /// When the source was asked.
    pub polled_at: Timestamp,
}

/// InternetDB is renewed weekly: it tells nothing new more often.
const INTERNETDB_CRAWL: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Takes one host's answer into what is known.
pub fn merge(asset: &AssetId, known: &mut Known, look: &Look<'_>, rules: MergeRules) {
    let seen = look.seen;
    if look.asked.is_empty() || seen.observed_at.is_some() {
        merge_host(known, look, rules.polled_at);
    }
    for banner in &seen.banners {
        let id = ServiceId { asset: asset.clone(), ip: seen.ip, port: banner.port, transport: banner.transport };
        see_banner(known, id, banner, seen.source, rules.polled_at);
    }
    if !seen.source.has_banners() {
        for &port in &seen.ports {
            see_port(known, asset, seen, port, rules.polled_at);
        }
    }
    if look.whole {
        count_misses(known, seen, rules);
    }
    close_asked(known, look, rules.polled_at);
}

fn merge_host(known: &mut Known, look: &Look<'_>, polled_at: Timestamp) {
    let seen = look.seen;
    let mut fresh = Host::of(seen, polled_at);
    if let Some(old) = known.hosts.get(&seen.ip).filter(|_| !look.whole) {
        // What an answer leaves out that is not whole, is there all the same.
        add(&mut fresh.hostnames, &old.hostnames);
        add(&mut fresh.tags, &old.tags);
        add(&mut fresh.ports, &old.ports);
        add(&mut fresh.vulnerabilities, &old.vulnerabilities);
        add(&mut fresh.cpes, &old.cpes);
        fresh.source = fresh.source.max(old.source);
    }
    match known.hosts.get_mut(&seen.ip) {
        None => {
            known.hosts.insert(seen.ip, fresh);
        }
        // A poorer source overwrites nothing richer; without dates, the same content is nothing new.
        Some(old) if old.source.has_banners() && !fresh.source.has_banners() => {}
        Some(old)
            if old.says_the_same(&fresh)
                && (!fresh.observed_at_exact || old.last_observed_at >= fresh.last_observed_at) => {}
        Some(old)
            if old.observed_at_exact && fresh.observed_at_exact && fresh.last_observed_at < old.last_observed_at => {}
        Some(old) => *old = fresh,
    }
}

fn add<T: Clone + Ord>(list: &mut Vec<T>, more: &[T]) {
    list.extend(more.iter().cloned());
    list.sort();
    list.dedup();
}

fn see_banner(known: &mut Known, id: ServiceId, banner: &Banner, source: DataSource, polled_at: Timestamp) {
    let Some(old) = known.services.get_mut(&id) else {
        known.services.insert(
            id.clone(),
            Service {
                id,
                state: ServiceState::Open,
                stale: false,
                source,
                first_observed_at: banner.observed_at,
                appeared_at: None,
                last_observed_at: banner.observed_at,
                observed_at_exact: true,
                polled_at,
                closed_at: None,
                misses: 0,
                counted_crawl: None,
                banner: Some(banner.clone()),
            },
        );
        return;
    };
    old.first_observed_at = old.first_observed_at.min(banner.observed_at);
    let rank = |b: &Banner| (b.observed_at, b.hash.clone());
    let newer = old.banner.as_ref().is_none_or(|b| rank(banner) > rank(b));
    if newer {
        if old.state == ServiceState::Closed {
            old.state = ServiceState::Open;
            old.closed_at = None;
        }
        old.stale = false;
        old.source = source;
        old.last_observed_at = banner.observed_at;
        old.observed_at_exact = true;
        old.polled_at = polled_at;
        old.banner = Some(banner.clone());
    }
    if old.state == ServiceState::Open {
        old.misses = 0;
        old.counted_crawl = None;
    }
}

/// InternetDB knows TCP ports and neither banners nor dates.
fn see_port(known: &mut Known, asset: &AssetId, seen: &HostObservation, port: u16, polled_at: Timestamp) {
    let tcp = ServiceId { asset: asset.clone(), ip: seen.ip, port, transport: Transport::Tcp };
    let udp = ServiceId { transport: Transport::Udp, ..tcp.clone() };
    for id in [&tcp, &udp] {
        if let Some(old) = known.services.get_mut(id) {
            if old.state == ServiceState::Open {
                old.misses = 0;
                old.counted_crawl = None;
                return;
            }
            if !old.source.has_banners() {
                old.state = ServiceState::Open;
                old.closed_at = None;
                old.misses = 0;
                old.counted_crawl = None;
                old.last_observed_at = polled_at;
                old.polled_at = polled_at;
                return;
            }
        }
    }
    let at = polled_at;
    known
        .services
        .entry(tcp.clone())
        .and_modify(|old| {
            // Closed by a richer source, and listed again: it is open, and this is all that is known of it.
            old.state = ServiceState::Open;
            old.closed_at = None;
            old.misses = 0;
            old.counted_crawl = None;
            old.source = seen.source;
            old.last_observed_at = at;
            old.observed_at_exact = false;
            old.polled_at = at;
            old.banner = None;
        })
        .or_insert_with(|| Service {
            id: tcp,
            state: ServiceState::Open,
            stale: false,
            source: seen.source,
            first_observed_at: at,
            appeared_at: None,
            last_observed_at: at,
            observed_at_exact: false,
            polled_at: at,
            closed_at: None,
            misses: 0,
            counted_crawl: None,
            banner: None,
        });
}

/// Closes what was looked for on purpose and is not there.
fn close_asked(known: &mut Known, look: &Look<'_>, polled_at: Timestamp) {
    for service in known.services.values_mut() {
        let here = service.ip() == look.seen.ip && service.state == ServiceState::Open;
        let asked = look.asked.contains(&(service.port(), service.transport()));
        if here && asked && !lists(look.seen, service) {
            service.misses += 1;
            service.state = ServiceState::Closed;
            service.closed_at = Some(polled_at);
        }
    }
}

fn lists(seen: &HostObservation, service: &Service) -> bool {
    seen.ports.contains(&service.port())
        || seen.banners.iter().any(|b| b.port == service.port() && b.transport == service.transport())
}

fn count_misses(known: &mut Known, seen: &HostObservation, rules: MergeRules) {
    for service in known.services.values_mut() {
        let here = service.ip() == seen.ip && service.state == ServiceState::Open;
        // A search hides some services that a look-up shows: it cannot miss what it would not show.
        let could_show = seen.source >= service.source || !seen.source.has_banners();
        if !here || !could_show || lists(seen, service) {
            continue;
        }
        let Some(crawl) = crawl_that_missed(service, seen, rules.polled_at) else { continue };
        service.misses += 1;
        service.counted_crawl = Some(crawl);
        if service.misses >= rules.close_after_misses {
            service.state = ServiceState::Closed;
            service.closed_at = Some(rules.polled_at);
        }
    }
}

/// The date of the crawl that missed the service, if that crawl was not counted yet.
fn crawl_that_missed(service: &Service, seen: &HostObservation, polled_at: Timestamp) -> Option<Timestamp> {
    match seen.observed_at {
        Some(crawl) => {
            let since = service.counted_crawl.unwrap_or(service.last_observed_at).max(service.last_observed_at);
            (crawl > since).then_some(crawl)
        }
        None => match service.counted_crawl {
            Some(counted) => (polled_at.duration_since(counted) >= INTERNETDB_CRAWL).then_some(polled_at),
            None => (polled_at > service.polled_at).then_some(polled_at),
        },
    }
}
