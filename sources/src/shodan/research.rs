use std::collections::BTreeMap;
use std::net::IpAddr;

use app::ports::{DnsFact, DomainFacts, Found, QueryPlan, RawBanner, RawHost, Research, SourceError, SourceKey};
use async_trait::async_trait;
use domain::cve::CveId;
use domain::observation::Transport;
use serde_json::Value;
use shodan_client::banner::{self, Banner};
use shodan_client::rest::{DomainOptions, DomainRecord};
use shodan_client::{Cost, Error, Facet, Facets, HostOptions};

use super::read::{location, whole};
use super::source_error;
use crate::Sources;

const NO_KEY: &str = "only Shodan itself, with a key, answers this";

#[async_trait]
impl Research for Sources {
    fn search_cost(&self, query: &str, page: u32) -> u32 {
        u32::try_from(Cost::search(query, page).query_credits).unwrap_or(u32::MAX)
    }

    async fn look_up(&self, key: &SourceKey, ip: IpAddr, history: bool) -> Result<Option<RawHost>, SourceError> {
        let options = HostOptions { history, ..HostOptions::default() };
        let found = self.shodan(key, NO_KEY)?.host(ip, options).await.map_err(source_error)?;
        Ok(found.map(|host| RawHost {
            ip: host.ip,
            location: location(&host.raw),
            vulnerabilities: cves(&host.vulnerabilities),
            banners: host.banners.into_iter().map(raw_banner).collect(),
            hostnames: host.hostnames,
            organization: host.organization,
            isp: host.isp,
            asn: host.asn,
            tags: host.tags,
            ports: host.ports,
            last_update: host.last_update,
        }))
    }

    async fn find(&self, key: &SourceKey, query: &str, page: u32, facets: &[String]) -> Result<Found, SourceError> {
        let found = self.shodan(key, NO_KEY)?.search(query, page, &wanted(facets)).await.map_err(source_error)?;
        Ok(Found {
            total: found.total,
            banners: found.banners.into_iter().map(raw_banner).collect(),
            facets: counted(found.facets),
        })
    }

    async fn count(&self, key: &SourceKey, query: &str, facets: &[String]) -> Result<Found, SourceError> {
        let found = self.shodan(key, NO_KEY)?.count(query, &wanted(facets)).await.map_err(source_error)?;
        Ok(Found { total: found.total, banners: Vec::new(), facets: counted(found.facets) })
    }

    async fn parse(&self, key: &SourceKey, query: &str) -> Result<QueryPlan, SourceError> {
        let read = self.shodan(key, NO_KEY)?.tokens(query).await.map_err(source_error)?;
        let attributes = serde_json::from_str(&read.attributes).map_or(Value::Null, whole);
        Ok(QueryPlan { filters: read.filters, attributes, errors: read.errors })
    }

    async fn addresses(
        &self,
        key: &SourceKey,
        hostnames: &[String],
    ) -> Result<BTreeMap<String, Vec<IpAddr>>, SourceError> {
        let names: Vec<&str> = hostnames.iter().map(String::as_str).collect();
        self.shodan(key, NO_KEY)?.resolve(&names).await.map_err(source_error)
    }

    async fn names(&self, key: &SourceKey, ips: &[IpAddr]) -> Result<BTreeMap<IpAddr, Vec<String>>, SourceError> {
        self.shodan(key, NO_KEY)?.reverse(ips).await.map_err(source_error)
    }

    async fn domain(&self, key: &SourceKey, domain: &str, page: u32) -> Result<Option<DomainFacts>, SourceError> {
        let options = DomainOptions { page, ..DomainOptions::default() };
        match self.shodan(key, NO_KEY)?.domain(domain, &options).await {
            Ok(known) => Ok(Some(DomainFacts {
                domain: known.domain,
                subdomains: known.subdomains,
                records: known.records.into_iter().map(fact).collect(),
                more: known.more,
            })),
            Err(Error::NothingKnown) => Ok(None),
            Err(error) => Err(source_error(error)),
        }
    }

    async fn ports(&self, key: &SourceKey) -> Result<Vec<u16>, SourceError> {
        self.shodan(key, NO_KEY)?.ports().await.map_err(source_error)
    }

    async fn protocols(&self, key: &SourceKey) -> Result<Vec<(String, String)>, SourceError> {
        let known = self.shodan(key, NO_KEY)?.protocols().await.map_err(source_error)?;
        Ok(known.into_iter().map(|protocol| (protocol.name, protocol.description)).collect())
    }

    async fn facets(&self, key: &SourceKey) -> Result<Vec<String>, SourceError> {
        self.shodan(key, NO_KEY)?.search_facets().await.map_err(source_error)
    }

    async fn filters(&self, key: &SourceKey) -> Result<Vec<String>, SourceError> {
        self.shodan(key, NO_KEY)?.search_filters().await.map_err(source_error)
    }
}

fn wanted(facets: &[String]) -> Vec<Facet> {
    facets.iter().map(|facet| Facet::from(facet.as_str())).collect()
}

fn counted(facets: Facets) -> Vec<(String, Vec<(String, u64)>)> {
    let values = |values: Vec<shodan_client::FacetValue>| values.into_iter().map(|v| (v.value, v.count)).collect();
    facets.into_iter().map(|(name, found)| (name, values(found))).collect()
}

fn cves(texts: &[String]) -> Vec<CveId> {
    texts.iter().filter_map(|text| CveId::parse(text)).collect()
}

fn fact(record: DomainRecord) -> DnsFact {
    DnsFact { subdomain: record.subdomain, kind: record.kind, value: record.value, last_seen: record.last_seen }
}

fn raw_banner(banner: Banner) -> RawBanner {
    RawBanner {
        ip: banner.ip,
        port: banner.port,
        transport: match banner.transport {
            banner::Transport::Tcp => Transport::Tcp,
            banner::Transport::Udp => Transport::Udp,
        },
        vulnerabilities: cves(&banner.vulnerabilities),
        raw: whole(&banner.raw),
        module: banner.module,
        product: banner.product,
        version: banner.version,
        cpes: banner.cpes,
        tags: banner.tags,
        timestamp: banner.timestamp,
        data: banner.data,
    }
}
