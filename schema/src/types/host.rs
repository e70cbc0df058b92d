//! What is known of one address.

use app::findings::{self, HostView};
use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, Object, Result, SimpleObject};

use super::asset::Asset;
use super::finding::FindingConnection;
use super::service::{Service, short};
use crate::context::{app, caller, fail};
use crate::paging::{Page, page};
use crate::scalars::{DateTime, IpAddress, at};

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
        let l = self.0.host.location.clone()?;
        Some(Location {
            country_code: l.country_code,
            country_name: l.country_name,
            city: l.city,
            latitude: l.latitude,
            longitude: l.longitude,
        })
    }
    /// Its tags.
    async fn tags(&self) -> &[String] {
        &self.0.host.tags
    }
    /// Its services, by port.
    async fn services(&self) -> Vec<Service> {
        self.0.services.iter().cloned().map(Service).collect()
    }
    /// Its findings, worst first.
    async fn findings(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<FindingConnection> {
        let mut found = findings::findings_of(app(ctx), caller(ctx)?, &self.0.owner.id, None).await.map_err(fail)?;
        found.retain(|f| f.ip == self.0.host.ip);
        short(found, &page(first, after, None, None)?)
    }
    /// When the source last looked.
    async fn last_observed_at(&self) -> DateTime {
        at(self.0.host.last_observed_at)
    }
    /// The assets that cover it, the owner first.
    async fn assets(&self) -> Vec<Asset> {
        self.0.assets.iter().cloned().map(Asset::from).collect()
    }
}

/// The addresses that an asset owns, in their order.
pub async fn host_of(ctx: &Context<'_>, asset: &domain::asset::Asset, page: Page) -> Result<Connection<String, Host>> {
    let found =
        findings::hosts_of(app(ctx), caller(ctx)?, asset, page.cursor.as_deref(), page.limit).await.map_err(fail)?;
    let mut connection = Connection::new(page.cursor.is_some(), found.1);
    connection.edges.extend(found.0.into_iter().map(|h| Edge::new(h.host.ip.to_string(), Host(h))));
    Ok(connection)
}
