use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use app::ports::{AcceptedScan, PastScan, ScanOrder, ScanProgress, Scans, SourceError, SourceKey};
use async_trait::async_trait;
use domain::observation::{HostObservation, Transport};
use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::value::RawValue;
use shodan_client::banner;
use shodan_client::lenient::{object, string};
use shodan_client::rest::{ScanService, ScanState};
use shodan_client::{Error, HostOptions};

use super::read::read_hosts;
use super::source_error;
use crate::Sources;

const NO_KEY: &str = "only Shodan itself, with a key, scans";

#[async_trait]
impl Scans for Sources {
    async fn order(&self, key: &SourceKey, wanted: &ScanOrder) -> Result<AcceptedScan, SourceError> {
        let shodan = self.shodan(key, NO_KEY)?;
        // Either ports are named for every address, or for none.
        let accepted = if wanted.values().any(Vec::is_empty) {
            let all: Vec<IpNet> = wanted.keys().copied().map(IpNet::from).collect();
            shodan.scan(&all, false).await
        } else {
            let service = |(port, protocol): &(u16, String)| ScanService { port: *port, protocol: protocol.clone() };
            let each = wanted.iter().map(|(ip, ports)| (IpNet::from(*ip), ports.iter().map(service).collect()));
            shodan.scan_services(&each.collect::<BTreeMap<_, _>>()).await
        };
        let accepted = accepted.map_err(source_error)?;
        Ok(AcceptedScan { id: accepted.id, size: accepted.count, credits_left: accepted.credits_left })
    }

    async fn crawled(&self, key: &SourceKey) -> Result<Vec<u16>, SourceError> {
        self.shodan(key, NO_KEY)?.ports().await.map_err(source_error)
    }

    async fn progress(&self, key: &SourceKey, id: &str) -> Result<ScanProgress, SourceError> {
        let progress = self.shodan(key, NO_KEY)?.scan_status(id).await.map_err(source_error)?;
        Ok(match progress.state {
            ScanState::Done => ScanProgress::Done,
            ScanState::Processing => ScanProgress::Running,
            // A word that is not known here is at least not the last one.
            ScanState::Submitted | ScanState::Queued | ScanState::Other(_) => ScanProgress::Waiting,
        })
    }

    async fn newest(&self, key: &SourceKey) -> Result<Vec<PastScan>, SourceError> {
        let page = self.shodan(key, NO_KEY)?.scans(1).await.map_err(source_error)?;
        let past =
            |scan: shodan_client::rest::ScanProgress| PastScan { id: scan.id, size: scan.count, created: scan.created };
        Ok(page.scans.into_iter().map(past).collect())
    }

    async fn result(
        &self,
        key: &SourceKey,
        id: &str,
        ip: IpAddr,
        since: Timestamp,
    ) -> Result<Option<HostObservation>, SourceError> {
        let known = self.shodan(key, NO_KEY)?.host(ip, HostOptions::default()).await.map_err(source_error)?;
        let Some(host) = known else { return Ok(None) };
        let (fresh, old): (Vec<_>, Vec<_>) =
            host.banners.iter().partition(|b| b.timestamp >= since || scan_of(&b.raw).is_some_and(|scan| scan == id));
        let places = |banners: &[&banner::Banner]| -> BTreeSet<(u16, Transport)> {
            banners.iter().map(|b| (b.port, transport(b.transport))).collect()
        };
        let (fresh, old) = (places(&fresh), places(&old));
        let unread: BTreeSet<u16> = host.refused.iter().filter_map(|refused| refused.port).collect();
        let read = read_hosts(host.raw.get().as_bytes()).map_err(source_error)?;
        let seen = read.into_iter().find(|seen| seen.ip == ip);
        let mut seen = seen.ok_or_else(|| source_error(Error::Unavailable("it answered about another".into())))?;
        seen.banners.retain(|banner| fresh.contains(&(banner.port, banner.transport)));
        // What the plan hides, or what cannot be read, may well have been seen.
        let only_old = |port: &u16| old.iter().any(|(p, _)| p == port) && !fresh.iter().any(|(p, _)| p == port);
        seen.ports.retain(|port| unread.contains(port) || !only_old(port));
        Ok(Some(seen))
    }
}

/// The scan that a banner comes from.
fn scan_of(raw: &RawValue) -> Option<String> {
    let banner = object(raw)?;
    banner.object("_shodan").object("options").read("scan", string).map(std::borrow::Cow::into_owned)
}

fn transport(transport: banner::Transport) -> Transport {
    match transport {
        banner::Transport::Tcp => Transport::Tcp,
        banner::Transport::Udp => Transport::Udp,
    }
}
