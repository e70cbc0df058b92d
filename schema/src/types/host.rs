//! What is known of one address.

use app::findings::{self, HostView};
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use domain::asset::Asset as StoredAsset;

use super::asset::{Asset, exact};
use super::finding::FindingConnection;
use super::service::{Service, short};
use crate::context::{app, caller, fail};
use crate::listing::Listing;
use crate::paging::{Page, page};
use crate::scalars::{Cidr, DateTime, IpAddress, at};

/// What is known of one address.
#[derive(Clone)]
pub struct Host(pub(crate) HostView);

/// Where a host is said to be.
#[derive(SimpleObject)]
pub struct Location {
    /// ISO 3166 code of two letters.
    country_code: Option<String>,
    /// Country.
    country_name: Option<String>,
    /// City.
    city: Option<String>,
    /// Degrees north.
    latitude: Option<f64>,
    /// Degrees east.
    longitude: Option<f64>,
}

impl From<domain::observation::Location> for Location {
    fn from(place: domain::observation::Location) -> Self {
        Self {
            country_code: place.country_code,
            country_name: place.country_name,
            city: place.city,
            latitude: place.latitude,
            longitude: place.longitude,
        }
    }
}

/// What is known of one address.
#[Object]
impl Host {
    /// The address.
    async fn ip(&self) -> IpAddress {
        IpAddress(self.0.host.ip)
    }
    /// Its names.
    async fn hostnames(&self) -> &[String] {
        &self.0.host.hostnames
    }
    /// Its autonomous system.
    async fn asn(&self) -> Option<&String> {
        self.0.host.asn.as_ref()
    }
    /// Who the address is assigned to.
    async fn organization(&self) -> Option<&String> {
        self.0.host.organization.as_ref()
    }
    /// Its Internet provider.
    async fn isp(&self) -> Option<&String> {
        self.0.host.isp.as_ref()
    }
    /// Its operating system.
    async fn operating_system(&self) -> Option<&String> {
        self.0.host.operating_system.as_ref()
    }
    /// Where it is said to be; null: the source does not say.
    async fn location(&self) -> Option<Location> {
        self.0.host.location.clone().map(Into::into)
    }
    /// Its tags.
    async fn tags(&self) -> &[String] {
        &self.0.host.tags
    }
    /// Its services, by port.
    async fn services(&self, ctx: &Context<'_>) -> Result<Vec<Service>> {
        let found = findings::services_at(app(ctx), caller(ctx)?, &self.0.owner, self.0.host.ip).await.map_err(fail)?;
        Ok(found.into_iter().map(Service).collect())
    }
    /// Its findings, worst first.
    async fn findings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
    ) -> Result<FindingConnection> {
        let mut found = findings::findings_of(app(ctx), caller(ctx)?, &self.0.owner.id, None).await.map_err(fail)?;
        found.retain(|f| f.ip == self.0.host.ip);
        short(found, &page(first, after, None, None)?)
    }
    /// When the source last looked.
    async fn last_observed_at(&self) -> DateTime {
        at(self.0.host.last_observed_at)
    }
    /// Its owner first, then the devices, domains and networks that cover it.
    async fn assets(&self) -> Vec<Asset> {
        self.0.assets.iter().cloned().map(Asset::from).collect()
    }
}

/// Fields are and-ed; the values of a list are or-ed.
#[derive(InputObject, Default)]
pub struct HostFilter {
    /// Inside one of these networks.
    pub within: Option<Vec<Cidr>>,
    /// True: no device and no domain of the register has the address; it was seen inside a network or by a query. False: one
    /// has it.
    pub unregistered: Option<bool>,
    /// With one of these ports, as the source lists them.
    pub ports: Option<Vec<i32>>,
    /// With one of these tags of the source.
    pub tags: Option<Vec<String>>,
}

impl From<HostFilter> for findings::HostFilter {
    fn from(f: HostFilter) -> Self {
        Self {
            within: f.within.map(|l| l.into_iter().map(|c| c.0).collect()),
            unregistered: f.unregistered,
            ports: f.ports.map(|l| l.into_iter().filter_map(|p| u16::try_from(p).ok()).collect()),
            tags: f.tags,
        }
    }
}

/// What a list of hosts says beside its items. It is worked out when asked for.
pub struct HostTotals {
    filter: findings::HostFilter,
    asset: Option<StoredAsset>,
}

/// What a list of hosts says beside its items. It is worked out when asked for.
#[Object]
impl HostTotals {
    /// How many match; null above 10 000, and where more rows would have to be read to tell.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        let count = findings::hosts_count(app(ctx), caller(ctx)?, self.asset.as_ref(), &self.filter);
        Ok(count.await.map_err(fail)?.and_then(exact))
    }
}

/// A page of hosts.
pub type HostConnection = Listing<Host, HostTotals>;

/// Lists the hosts of an asset, or of all, in the order of asset and address.
pub async fn hosts(
    ctx: &Context<'_>,
    asset: Option<&StoredAsset>,
    filter: HostFilter,
    page: &Page,
) -> Result<HostConnection> {
    let filter = filter.into();
    let asked = (page.cursor.as_deref(), page.limit, page.backward);
    let found = findings::hosts_page(app(ctx), caller(ctx)?, asset, &filter, asked).await.map_err(fail)?;
    let items = found.items.into_iter().map(|(cursor, host)| (cursor, Host(host)));
    Ok(Listing::new(page, items, found.more, found.end, HostTotals { filter, asset: asset.cloned() }))
}
