use std::net::IpAddr;

use app::ports::{HostAnswer, SearchPage, SourceError};
use domain::observation::HostObservation;

use super::Shodan;
use super::read::{read_hosts, read_search_page};
use super::request::{Outcome, without};

/// How many addresses one look-up may name.
pub const MOST_HOSTS: usize = 100;

impl Shodan {
    /// `GET /shodan/host/{ip}`: everything about one address. Costs no credit.
    pub async fn host(&self, key: &str, ip: IpAddr) -> Result<HostAnswer, SourceError> {
        let Outcome::Body(body) = self.get(key, &["shodan", "host", &ip.to_string()], &[]).await? else {
            return Ok(HostAnswer::Unknown);
        };
        let hosts = read_hosts(&body).map_err(|error| without(error, key))?;
        match hosts.into_iter().find(|host| host.ip == ip) {
            Some(host) => Ok(HostAnswer::Known(Box::new(host))),
            // Facts about another address must not be booked on this one.
            None => Err(SourceError::Unavailable("it answered about another address".into())),
        }
    }

    /// `GET /shodan/host/{ip,ip,…}`: at most [`MOST_HOSTS`] addresses at once; only the plans above Corporate may.
    /// Addresses that Shodan knows nothing of are left out.
    pub async fn hosts(&self, key: &str, ips: &[IpAddr]) -> Result<Vec<HostObservation>, SourceError> {
        if ips.is_empty() || ips.len() > MOST_HOSTS {
            return Err(SourceError::Rejected(format!("1 to {MOST_HOSTS} addresses at once")));
        }
        let list = ips.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(",");
        let Outcome::Body(body) = self.get(key, &["shodan", "host", &list], &[]).await? else { return Ok(Vec::new()) };
        let mut hosts = read_hosts(&body).map_err(|error| without(error, key))?;
        hosts.retain(|host| ips.contains(&host.ip));
        Ok(hosts)
    }

    /// `GET /shodan/host/search`: page `page` (from 1) of at most 100 banners. Costs a query credit when the query
    /// has a filter or the page is not the first. Pages may overlap and be short: ask until one is empty.
    pub async fn search(&self, key: &str, query: &str, page: u32) -> Result<SearchPage, SourceError> {
        // Shodan's own default leaves fields out.
        let query = [("query", query), ("page", &page.max(1).to_string()), ("minify", "false")];
        let body = self.get_body(key, &["shodan", "host", "search"], &query).await?;
        read_search_page(&body).map_err(|error| without(error, key))
    }
}
