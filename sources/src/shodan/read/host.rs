use domain::observation::{DataSource, HostObservation};

use shodan_client::banner::{Context, Refused, fields};
use shodan_client::lenient::{Object, instant, integer, list, object, repaired, string};
use shodan_client::{Error, said_error};

use super::facts::Facts;
use super::vulnerabilities::split;
use super::{banner, gather, unreadable};

/// Reads the answer of `/shodan/host/{ip}` or `/shodan/host/{ip,ip,…}`: an object, or a list of them.
///
/// # Errors
/// [`Error::Unavailable`] when it is cut off or no JSON; what its `error` member means, if it has one.
pub fn read_hosts(bytes: &[u8]) -> Result<Vec<HostObservation>, Error> {
    let text = repaired(bytes);
    let raw = serde_json::from_str(&text).map_err(|_| unreadable())?;
    let hosts = match list(raw) {
        Some(hosts) => hosts.into_iter().filter_map(object).collect(),
        None => vec![object(raw).ok_or_else(unreadable)?],
    };
    if let Some(error) = hosts.iter().find_map(said_error) {
        return Err(error);
    }
    let mut hosts = hosts.iter().map(read_host).collect::<Option<Vec<_>>>().ok_or_else(unreadable)?;
    hosts.sort_by_key(|host| host.ip);
    Ok(hosts)
}

fn read_host(host: &Object<'_>) -> Option<HostObservation> {
    let last_update = host.read("last_update", string).and_then(|at| instant(&at));
    let banners = host.read("data", list).unwrap_or_default();
    // A host without an address of its own is where its banners are.
    let ip = fields::address(host)
        .or_else(|| banners.iter().filter_map(|raw| object(raw)).find_map(|b| fields::address(&b)))?;
    let context = Context { ip: Some(ip), timestamp: last_update };
    let mut ports: Vec<u16> = host.read("ports", list).unwrap_or_default().into_iter().filter_map(integer).collect();
    let mut seen = Vec::with_capacity(banners.len());
    for raw in &banners {
        match banner::read(raw, &context) {
            Ok(sighting) => seen.push(sighting),
            Err(Refused { port, reason }) => {
                tracing::warn!(%ip, port, %reason, "a banner of Shodan's could not be read");
                // It cannot be described, but it must not be counted as gone.
                ports.extend(port);
            }
        }
    }
    let mut known = gather::hosts(seen.into_iter().filter(|s| s.ip == ip), DataSource::ShodanHost)
        .pop()
        .unwrap_or_else(|| gather::nothing(ip, DataSource::ShodanHost));
    ports.append(&mut known.ports);
    ports.retain(|port| *port > 0);
    known.ports = sorted(ports);
    known.observed_at = last_update.or(known.observed_at);
    known.hostnames = sorted([known.hostnames, fields::hostnames(host)].concat());
    known.tags = sorted([known.tags, fields::tags(host)].concat());
    Facts::of_host(host).or(Facts::taken_from(&mut known)).put_into(&mut known);
    (known.vulnerabilities, known.not_vulnerable) = host.get("vulns").map(split).unwrap_or_default();
    Some(known)
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list.dedup();
    list
}
