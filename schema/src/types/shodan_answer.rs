//! What Shodan answers to people.

use app::ports::{self, RawBanner, RawHost};
use app::research::Plan;
use async_graphql::{ID, SimpleObject};

use super::facet::Facet;
use super::host::Location;
use crate::enums::Transport;
use crate::scalars::{CveId, DateTime, Hostname, IpAddress, Json, at};

/// Everything that Shodan knows of an address.
#[derive(SimpleObject)]
pub struct ShodanHost {
    /// The address.
    ip: IpAddress,
    /// Names.
    hostnames: Vec<String>,
    /// Whom it is assigned to; null: not said.
    organization: Option<String>,
    /// Internet provider; null: not said.
    isp: Option<String>,
    /// Autonomous system; null: not said.
    asn: Option<String>,
    /// Where it is said to be; null: not said.
    location: Option<Location>,
    /// Tags.
    tags: Vec<String>,
    /// Open ports: may be more than there are services for, where the plan hides some.
    ports: Vec<i32>,
    /// CVEs of any of its services.
    vulnerabilities: Vec<CveId>,
    /// Its services; with its history several of one port.
    services: Vec<ShodanBanner>,
    /// When it was last seen; null: not said.
    last_update: Option<DateTime>,
}

/// One service as one crawl saw it.
#[derive(SimpleObject)]
pub struct ShodanBanner {
    /// The address.
    ip: IpAddress,
    /// The port.
    port: i32,
    /// TCP or UDP.
    transport: Transport,
    /// Shodan's module: http, mqtt, modbus, rtsp-tcp …; null: not said.
    module: Option<String>,
    /// Product; null: not said.
    product: Option<String>,
    /// Its version; null: not said.
    version: Option<String>,
    /// CPE names.
    cpes: Vec<String>,
    /// Tags.
    tags: Vec<String>,
    /// CVEs that apply, tested or concluded from the version.
    vulnerabilities: Vec<CveId>,
    /// When the crawler was there.
    timestamp: DateTime,
    /// What the service said.
    data: Option<String>,
    /// Everything, as Shodan wrote it; numbers of more than 64 bits are texts.
    raw: Json,
}

/// What a search or a count found.
#[derive(SimpleObject)]
pub struct ShodanSearch {
    /// How many match in all.
    total: i32,
    /// At most 100; a count has none.
    matches: Vec<ShodanBanner>,
    /// The facets that were asked for.
    facets: Vec<Facet>,
}

/// How Shodan reads a query, and what it costs.
#[derive(SimpleObject)]
pub struct ShodanQueryPlan {
    /// The filters in it.
    filters: Vec<String>,
    /// Their values.
    attributes: Json,
    /// What Shodan did not understand.
    errors: Vec<String>,
    /// Query credits of its first page; each further page costs one.
    query_credits: i32,
}

/// A name or address, and what it leads to.
#[derive(SimpleObject)]
pub struct DnsAnswer {
    /// What was asked.
    name: String,
    /// What it leads to; empty: nothing.
    values: Vec<String>,
}

/// What Shodan knows of a domain.
#[derive(SimpleObject)]
pub struct ShodanDomain {
    /// The domain.
    domain: Hostname,
    /// Its subdomains, without the domain.
    subdomains: Vec<String>,
    /// Its records.
    records: Vec<DnsRecord>,
    /// Is there another page?
    more: bool,
}

/// One record of a domain.
#[derive(SimpleObject)]
pub struct DnsRecord {
    /// Of which subdomain; empty: of the domain itself.
    subdomain: String,
    /// A, AAAA, CNAME, NS, SOA, MX or TXT.
    #[graphql(name = "type")]
    kind: String,
    /// What it says.
    value: String,
    /// When it was last seen; null: not said.
    last_seen: Option<DateTime>,
}

/// A protocol that Shodan understands.
#[derive(SimpleObject)]
pub struct ShodanProtocol {
    /// Its name, which is also the module of its services.
    name: String,
    /// What it is.
    description: String,
}

/// An alert of Shodan Monitor.
#[derive(SimpleObject)]
pub struct ShodanAlert {
    /// Shodan's id of it.
    id: ID,
    /// Its name.
    name: String,
    /// The addresses and networks that it watches.
    ips: Vec<String>,
    /// What sets it off.
    triggers: Vec<String>,
    /// Since when.
    created_at: DateTime,
    /// Until when; null: for ever.
    expires_at: Option<DateTime>,
}

impl From<RawBanner> for ShodanBanner {
    fn from(banner: RawBanner) -> Self {
        Self {
            ip: IpAddress(banner.ip),
            port: i32::from(banner.port),
            transport: banner.transport.into(),
            module: banner.module,
            product: banner.product,
            version: banner.version,
            cpes: banner.cpes,
            tags: banner.tags,
            vulnerabilities: banner.vulnerabilities.into_iter().map(CveId).collect(),
            timestamp: at(banner.timestamp),
            data: Some(banner.data),
            raw: Json(banner.raw),
        }
    }
}

impl From<RawHost> for ShodanHost {
    fn from(host: RawHost) -> Self {
        Self {
            ip: IpAddress(host.ip),
            hostnames: host.hostnames,
            organization: host.organization,
            isp: host.isp,
            asn: host.asn,
            location: host.location.map(Into::into),
            tags: host.tags,
            ports: host.ports.into_iter().map(i32::from).collect(),
            vulnerabilities: host.vulnerabilities.into_iter().map(CveId).collect(),
            services: host.banners.into_iter().map(Into::into).collect(),
            last_update: host.last_update.map(at),
        }
    }
}

impl From<ports::Found> for ShodanSearch {
    fn from(found: ports::Found) -> Self {
        Self {
            total: i32::try_from(found.total).unwrap_or(i32::MAX),
            matches: found.banners.into_iter().map(Into::into).collect(),
            facets: found.facets.into_iter().map(|(name, values)| Facet::of(name, values)).collect(),
        }
    }
}

impl From<Plan> for ShodanQueryPlan {
    fn from(plan: Plan) -> Self {
        Self {
            filters: plan.read.filters,
            attributes: Json(plan.read.attributes),
            errors: plan.read.errors,
            query_credits: i32::try_from(plan.credits).unwrap_or(i32::MAX),
        }
    }
}

impl DnsAnswer {
    /// What a name or address leads to.
    pub(crate) fn of(name: &impl ToString, values: impl IntoIterator<Item = impl ToString>) -> Self {
        Self { name: name.to_string(), values: values.into_iter().map(|value| value.to_string()).collect() }
    }
}

impl From<ports::DomainFacts> for ShodanDomain {
    fn from(known: ports::DomainFacts) -> Self {
        let record = |fact: ports::DnsFact| DnsRecord {
            subdomain: fact.subdomain,
            kind: fact.kind,
            value: fact.value,
            last_seen: fact.last_seen.map(at),
        };
        Self {
            domain: Hostname(known.domain),
            subdomains: known.subdomains,
            records: known.records.into_iter().map(record).collect(),
            more: known.more,
        }
    }
}

impl From<(String, String)> for ShodanProtocol {
    fn from((name, description): (String, String)) -> Self {
        Self { name, description }
    }
}

impl ShodanAlert {
    /// An alert; one of which nobody says since when is as old as time.
    pub(crate) fn of(alert: ports::Alert) -> Self {
        Self {
            id: alert.id.into(),
            name: alert.name,
            ips: alert.networks,
            triggers: alert.triggers.into_iter().map(|trigger| trigger.name).collect(),
            created_at: at(alert.created.unwrap_or(jiff::Timestamp::UNIX_EPOCH)),
            expires_at: alert.expires.map(at),
        }
    }
}
