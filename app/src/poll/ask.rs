use std::net::IpAddr;

use domain::asset::Asset;
use domain::observation::{DataSource, HostObservation};
use domain::target::{Target, watchable};
use ipnet::IpNet;

use super::answer::{Answer, joined};
use crate::App;
use crate::ports::{HostAnswer, SearchPage, SourceError, SourceKey};

/// A page holds 100 banners; a source that never ends is stopped here, and the look counts as not whole.
const MOST_PAGES: u32 = 1000;
const PAGE: u64 = 100;
/// A host name with more addresses than this is a content network's.
const MOST_ADDRESSES: usize = 32;

/// Asks about an asset, with the key or, where a plan or credits do not allow it, in the poorer way that remains.
pub(super) async fn ask(app: &App, key: &SourceKey, asset: &Asset) -> Result<Answer, SourceError> {
    match &asset.target {
        Target::Address(ip) => ask_addresses(app, key, &[*ip]).await,
        Target::Hostname(name) => {
            let mut addresses = app.exposure.resolve(key, name).await?;
            addresses.retain(|ip| watchable(*ip, &app.settings.target_allow));
            addresses.sort_unstable();
            addresses.dedup();
            addresses.truncate(MOST_ADDRESSES);
            let answer = ask_addresses(app, key, &addresses).await?;
            Ok(Answer { addresses: Some(addresses), ..answer })
        }
        Target::Network(net) => {
            if *key == SourceKey::InternetDb {
                let hosts: Vec<IpAddr> = net.hosts().take(256).collect();
                return ask_addresses(app, key, &hosts).await;
            }
            let net = *net;
            let answer = all_pages(app, key, Search::Network(net)).await?;
            Ok(within(answer, |ip| net.contains(&ip)))
        }
        Target::Query(query) => {
            if *key == SourceKey::InternetDb {
                return Err(SourceError::PlanTooLow("a query needs a Shodan key".into()));
            }
            let answer = all_pages(app, key, Search::Query(query)).await?;
            Ok(within(answer, |ip| watchable(ip, &app.settings.target_allow)))
        }
    }
}

/// What a network search or a query brings of other people's addresses is not ours to keep.
fn within(answer: Answer, ours: impl Fn(IpAddr) -> bool) -> Answer {
    Answer { hosts: answer.hosts.into_iter().filter(|h| ours(h.ip)).collect(), ..answer }
}

async fn ask_addresses(app: &App, key: &SourceKey, addresses: &[IpAddr]) -> Result<Answer, SourceError> {
    let mut hosts = Vec::new();
    for ip in addresses {
        if let HostAnswer::Known(host) = app.exposure.host(key, *ip).await? {
            hosts.push(*host);
        }
    }
    let source = match key {
        SourceKey::Shodan(_) => DataSource::ShodanHost,
        SourceKey::InternetDb => DataSource::InternetDb,
    };
    Ok(Answer { hosts: joined(hosts), whole: true, source: Some(source), addresses: None })
}

/// What is searched for.
#[derive(Clone, Copy)]
enum Search<'a> {
    Network(IpNet),
    Query(&'a str),
}

impl Search<'_> {
    async fn page(self, app: &App, key: &SourceKey, page: u32) -> Result<SearchPage, SourceError> {
        match self {
            Self::Network(net) => app.exposure.network(key, net, page).await,
            Self::Query(query) => app.exposure.search(key, query, page).await,
        }
    }
}

/// All pages of a search. Paging is not stable: `total` moves and banners come twice; so pages are read until one
/// is empty or all that any page promised was seen.
async fn all_pages(app: &App, key: &SourceKey, search: Search<'_>) -> Result<Answer, SourceError> {
    let mut hosts: Vec<HostObservation> = Vec::new();
    let mut promised = 0;
    let mut whole = true;
    for page in 1..=MOST_PAGES {
        let found = search.page(app, key, page).await?;
        promised = promised.max(found.total);
        whole &= found.unreadable == 0;
        let empty = found.banners == 0;
        hosts.extend(found.hosts);
        if empty || u64::from(page) * PAGE >= promised {
            return Ok(Answer { hosts: joined(hosts), whole, source: Some(DataSource::ShodanSearch), addresses: None });
        }
    }
    Ok(Answer { hosts: joined(hosts), whole: false, source: Some(DataSource::ShodanSearch), addresses: None })
}
