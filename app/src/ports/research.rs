use std::collections::BTreeMap;
use std::net::IpAddr;

use async_trait::async_trait;
use domain::cve::CveId;
use domain::observation::{Location, Transport};
use jiff::Timestamp;
use serde_json::Value;

use super::{SourceError, SourceKey};

/// One service as one crawl saw it, whole, for a person to read.
#[derive(Clone, Debug, PartialEq)]
pub struct RawBanner {
    /// The address.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
    /// TCP or UDP.
    pub transport: Transport,
    /// Shodan's name of the protocol.
    pub module: Option<String>,
    /// Product.
    pub product: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// CPE names.
    pub cpes: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// CVEs that apply, tested or concluded.
    pub vulnerabilities: Vec<CveId>,
    /// When the crawler was there.
    pub timestamp: Timestamp,
    /// What the service said.
    pub data: String,
    /// Everything, as Shodan wrote it; numbers that no reader of JSON holds exactly are texts.
    pub raw: Value,
}

/// Everything that Shodan knows of an address.
#[derive(Clone, Debug, PartialEq)]
pub struct RawHost {
    /// The address.
    pub ip: IpAddr,
    /// Names.
    pub hostnames: Vec<String>,
    /// Whom it is assigned to.
    pub organization: Option<String>,
    /// Internet provider.
    pub isp: Option<String>,
    /// Autonomous system.
    pub asn: Option<String>,
    /// Where it is said to be.
    pub location: Option<Location>,
    /// Tags.
    pub tags: Vec<String>,
    /// Open ports: may be more than there are banners for.
    pub ports: Vec<u16>,
    /// CVEs of any of its services.
    pub vulnerabilities: Vec<CveId>,
    /// The services.
    pub banners: Vec<RawBanner>,
    /// When it was last seen.
    pub last_update: Option<Timestamp>,
}

/// What a search or a count found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// How many match in all.
    pub total: u64,
    /// The banners of the page; none of a count.
    pub banners: Vec<RawBanner>,
    /// The facets that were asked for, by name: values and how often they were found.
    pub facets: Vec<(String, Vec<(String, u64)>)>,
}

/// How Shodan reads a query.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryPlan {
    /// The filters in it.
    pub filters: Vec<String>,
    /// Their values.
    pub attributes: Value,
    /// What Shodan did not understand.
    pub errors: Vec<String>,
}

/// What Shodan knows of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainFacts {
    /// The domain.
    pub domain: String,
    /// Its subdomains, without the domain.
    pub subdomains: Vec<String>,
    /// Its records.
    pub records: Vec<DnsFact>,
    /// Is there another page?
    pub more: bool,
}

/// One record of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsFact {
    /// Of which subdomain; empty: of the domain itself.
    pub subdomain: String,
    /// A, AAAA, CNAME, NS, SOA, MX or TXT.
    pub kind: String,
    /// What it says.
    pub value: String,
    /// When it was last seen.
    pub last_seen: Option<Timestamp>,
}

/// Answers what a person wants to know of Shodan, beyond what is watched. Every call takes its turn at the governor.
#[async_trait]
pub trait Research: Send + Sync {
    /// Query credits that a page (from 1) of a search costs. Nothing is asked.
    fn search_cost(&self, query: &str, page: u32) -> u32;
    /// One address, with its past if wanted. `None`: nothing is known of it. No credits.
    async fn look_up(&self, key: &SourceKey, ip: IpAddr, history: bool) -> Result<Option<RawHost>, SourceError>;
    /// One page (from 1) of a search.
    async fn find(&self, key: &SourceKey, query: &str, page: u32, facets: &[String]) -> Result<Found, SourceError>;
    /// How many match. No credits.
    async fn count(&self, key: &SourceKey, query: &str, facets: &[String]) -> Result<Found, SourceError>;
    /// How Shodan reads a query. No credits.
    async fn parse(&self, key: &SourceKey, query: &str) -> Result<QueryPlan, SourceError>;
    /// The addresses of host names; empty where one has none. No credits.
    async fn addresses(
        &self,
        key: &SourceKey,
        hostnames: &[String],
    ) -> Result<BTreeMap<String, Vec<IpAddr>>, SourceError>;
    /// The names of addresses. No credits.
    async fn names(&self, key: &SourceKey, ips: &[IpAddr]) -> Result<BTreeMap<IpAddr, Vec<String>>, SourceError>;
    /// One page (from 1) of a domain's names and records: a query credit. `None`: nothing is known of it.
    async fn domain(&self, key: &SourceKey, domain: &str, page: u32) -> Result<Option<DomainFacts>, SourceError>;
    /// The ports that are crawled. No credits.
    async fn ports(&self, key: &SourceKey) -> Result<Vec<u16>, SourceError>;
    /// The protocols that are understood, with what they are. No credits.
    async fn protocols(&self, key: &SourceKey) -> Result<Vec<(String, String)>, SourceError>;
    /// What can be a facet. No credits.
    async fn facets(&self, key: &SourceKey) -> Result<Vec<String>, SourceError>;
    /// What can be a filter. No credits.
    async fn filters(&self, key: &SourceKey) -> Result<Vec<String>, SourceError>;
}
