use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use domain::observation::{Banner, DataSource, HostObservation, Transport};

use super::banner::Sighting;

/// Makes hosts of sightings, ascending by address. The order of the sightings does not count: of several on one
/// port the greatest (timestamp, hash) stands, and the newest of all speaks for the host.
pub(super) fn hosts(sightings: impl Iterator<Item = Sighting>, source: DataSource) -> Vec<HostObservation> {
    let mut by_ip: BTreeMap<IpAddr, Vec<Sighting>> = BTreeMap::new();
    for sighting in sightings {
        by_ip.entry(sighting.ip).or_default().push(sighting);
    }
    by_ip.into_iter().map(|(ip, sightings)| host(ip, sightings, source)).collect()
}

/// A host of which nothing is known.
pub(super) fn nothing(ip: IpAddr, source: DataSource) -> HostObservation {
    HostObservation {
        ip,
        source,
        observed_at: None,
        hostnames: Vec::new(),
        asn: None,
        organization: None,
        isp: None,
        operating_system: None,
        location: None,
        tags: Vec::new(),
        ports: Vec::new(),
        vulnerabilities: Vec::new(),
        not_vulnerable: Vec::new(),
        cpes: Vec::new(),
        banners: Vec::new(),
    }
}

fn host(ip: IpAddr, mut sightings: Vec<Sighting>, source: DataSource) -> HostObservation {
    let mut host = nothing(ip, source);
    let newest = sightings.iter().max_by_key(|s| (s.banner.observed_at, s.banner.hash.clone(), s.facts.order()));
    if let Some(newest) = newest {
        host.observed_at = Some(newest.banner.observed_at);
        newest.facts.clone().put_into(&mut host);
    }
    host.hostnames = union(sightings.iter_mut().flat_map(|s| s.hostnames.drain(..)));
    host.tags = union(sightings.iter().flat_map(|s| s.banner.tags.iter().cloned()));
    let mut services: BTreeMap<(u16, Transport), Banner> = BTreeMap::new();
    for Sighting { banner, .. } in sightings {
        match services.entry((banner.port, banner.transport)) {
            Entry::Vacant(free) => {
                free.insert(banner);
            }
            Entry::Occupied(mut taken) => {
                if (banner.observed_at, &banner.hash) > (taken.get().observed_at, &taken.get().hash) {
                    taken.insert(banner);
                }
            }
        }
    }
    host.ports = union(services.keys().map(|(port, _)| *port));
    host.banners = services.into_values().collect();
    host
}

fn union<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<BTreeSet<_>>().into_iter().collect()
}
