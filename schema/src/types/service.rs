//! What was seen at an address.

use app::findings;
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::service::Service as Stored;

use super::asset::{Asset, exact};
use super::finding::{FindingConnection, FindingTotals};
use crate::context::{app, bad_input, caller, fail, register};
use crate::enums::{DataSource, ServiceState, Transport};
use crate::listing::Listing;
use crate::paging::{Page, page};
use crate::scalars::{Cidr, DateTime, IpAddress, at};

/// A service that was seen at an address.
#[derive(Clone)]
pub struct Service(pub(crate) Stored);

/// The TLS side of a service.
#[derive(SimpleObject)]
pub struct Tls {
    /// Versions that it speaks.
    versions: Vec<String>,
    /// The cipher suite that was agreed.
    cipher: Option<String>,
    /// Whom the certificate names.
    subject: Option<String>,
    /// Who signed it.
    issuer: Option<String>,
    /// Valid from.
    not_before: Option<DateTime>,
    /// Valid until.
    not_after: Option<DateTime>,
    /// Is it over?
    expired: bool,
    /// Signed by itself.
    self_signed: bool,
    /// SHA-256 of the certificate.
    fingerprint_sha256: Option<String>,
}

/// A service that was seen at an address.
#[Object]
impl Service {
    /// Its id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// The asset that owns it.
    async fn asset(&self, ctx: &Context<'_>) -> Result<Asset> {
        let found = register(ctx).await?.share(&self.0.id.asset).cloned();
        found.map(Asset::from).ok_or_else(|| bad_input("the asset of this service was deleted"))
    }
    /// Its address.
    async fn ip(&self) -> IpAddress {
        IpAddress(self.0.ip())
    }
    /// Its port.
    async fn port(&self) -> i32 {
        i32::from(self.0.port())
    }
    /// Its transport.
    async fn transport(&self) -> Transport {
        self.0.transport().into()
    }
    /// Shodan's module: http, mqtt, modbus, rtsp-tcp …; null: only the port is known.
    async fn module(&self) -> Option<&String> {
        self.0.banner.as_ref()?.module.as_ref()
    }
    /// Product; null: not recognised.
    async fn product(&self) -> Option<&String> {
        self.0.banner.as_ref()?.product.as_ref()
    }
    /// Version of the product; null: not recognised.
    async fn version(&self) -> Option<&String> {
        self.0.banner.as_ref()?.version.as_ref()
    }
    /// CPE names.
    async fn cpes(&self) -> Vec<String> {
        self.0.banner.as_ref().map(|b| b.cpes.clone()).unwrap_or_default()
    }
    /// Tags.
    async fn tags(&self) -> Vec<String> {
        self.0.banner.as_ref().map(|b| b.tags.clone()).unwrap_or_default()
    }
    /// At most 2 KiB, control characters replaced; null: only the port is known.
    async fn banner(&self) -> Option<&str> {
        self.0.banner.as_ref().map(|b| domain::payload::cut(&b.text, 2048))
    }
    /// Its TLS side; null: it has none.
    async fn tls(&self, ctx: &Context<'_>) -> Option<Tls> {
        let tls = self.0.banner.as_ref()?.tls.clone()?;
        Some(Tls {
            expired: tls.not_after.is_some_and(|t| t <= app(ctx).now()),
            versions: tls.versions,
            cipher: tls.cipher,
            subject: tls.subject,
            issuer: tls.issuer,
            not_before: tls.not_before.map(at),
            not_after: tls.not_after.map(at),
            self_signed: tls.self_signed,
            fingerprint_sha256: tls.fingerprint_sha256,
        })
    }
    /// Open or closed.
    async fn state(&self) -> ServiceState {
        self.0.state.into()
    }
    /// Not observed for too long; it keeps its state.
    async fn stale(&self) -> bool {
        self.0.stale
    }
    /// When it was first seen.
    async fn first_observed_at(&self) -> DateTime {
        at(self.0.first_observed_at)
    }
    /// When the source last saw it.
    async fn last_observed_at(&self) -> DateTime {
        at(self.0.last_observed_at)
    }
    /// False: the source has no dates; this is when we first got this content.
    async fn observed_at_exact(&self) -> bool {
        self.0.observed_at_exact
    }
    /// When it was found closed; null while it is open.
    async fn closed_at(&self) -> Option<DateTime> {
        self.0.closed_at.map(at)
    }
    /// The richest source of what stands here.
    async fn source(&self) -> DataSource {
        self.0.source.into()
    }
    /// Its findings, worst first.
    async fn findings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
    ) -> Result<FindingConnection> {
        let found =
            findings::findings_of(app(ctx), caller(ctx)?, &self.0.id.asset, Some(&self.0.id)).await.map_err(fail)?;
        short(found, &page(first, after, None, None)?)
    }
}

/// A page out of a list that is at hand; cursors are ids.
pub(crate) fn short(found: Vec<domain::finding::Finding>, page: &Page) -> Result<FindingConnection> {
    let mut counts = app::directory::Counts::default();
    for finding in &found {
        counts.add(finding.state, finding.severity);
    }
    let (shown, more) = page.of(found, |finding| finding.id.to_string())?;
    let shown = shown.into_iter().map(|(cursor, finding)| (cursor, finding.into()));
    Ok(Listing::new(page, shown, more, None, FindingTotals::Known(counts)))
}

/// Fields are and-ed; the values of a list are or-ed.
#[derive(InputObject, Default)]
pub struct ServiceFilter {
    /// In module, product, version or address; without regard to case.
    pub text: Option<String>,
    /// Ports.
    pub ports: Option<Vec<i32>>,
    /// Transports.
    pub transports: Option<Vec<Transport>>,
    /// Shodan's modules.
    pub modules: Option<Vec<String>>,
    /// Products.
    pub products: Option<Vec<String>>,
    /// Versions.
    pub versions: Option<Vec<String>>,
    /// States.
    pub states: Option<Vec<ServiceState>>,
    /// Of this asset.
    pub asset_id: Option<ID>,
    /// At this address.
    pub ip: Option<IpAddress>,
    /// With a CPE that starts like this.
    pub cpe_prefix: Option<String>,
    /// With this in the banner; without regard to case.
    pub banner_contains: Option<String>,
    /// Inside one of these networks.
    pub within: Option<Vec<Cidr>>,
    /// Of an asset with one of these tags.
    pub asset_tags: Option<Vec<String>>,
}

impl ServiceFilter {
    /// As the use case takes it.
    pub fn read(self) -> Result<findings::ServiceFilter> {
        let asset_id = self
            .asset_id
            .map(|id| id.parse().map_err(|_| bad_input("assetId is not the id of an asset")))
            .transpose()?;
        Ok(findings::ServiceFilter {
            text: self.text,
            ports: self.ports.map(|p| p.into_iter().filter_map(|p| u16::try_from(p).ok()).collect()),
            transports: self.transports.map(|l| l.into_iter().map(Into::into).collect()),
            modules: self.modules,
            products: self.products,
            versions: self.versions,
            states: self.states.map(|l| l.into_iter().map(Into::into).collect()),
            asset_id,
            ip: self.ip.map(|ip| ip.0),
            cpe_prefix: self.cpe_prefix,
            banner_contains: self.banner_contains,
            within: self.within.map(|l| l.into_iter().map(|c| c.0).collect()),
            asset_tags: self.asset_tags,
        })
    }
}

/// What a list of services says beside its items. It is worked out when asked for.
pub enum ServiceTotals {
    /// The services that a filter matches.
    Matching(Box<findings::ServiceFilter>),
    /// So many, which were at hand.
    Known(usize),
}

/// What a list of services says beside its items. It is worked out when asked for.
#[Object]
impl ServiceTotals {
    /// How many match; null above 10 000, and where more rows would have to be read to tell.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        match self {
            Self::Known(total) => Ok(exact(*total)),
            Self::Matching(filter) => {
                Ok(findings::services_count(app(ctx), caller(ctx)?, filter).await.map_err(fail)?.and_then(exact))
            }
        }
    }
}

/// A page of services.
pub type ServiceConnection = Listing<Service, ServiceTotals>;

/// Lists services in the order of asset, address and port.
pub async fn services(ctx: &Context<'_>, filter: ServiceFilter, page: Page) -> Result<ServiceConnection> {
    let filter = filter.read()?;
    let asked = (page.cursor.as_deref(), page.limit, page.backward);
    let found = findings::services_page(app(ctx), caller(ctx)?, &filter, asked).await.map_err(fail)?;
    let items = found.items.into_iter().map(|(cursor, service)| (cursor, Service(service)));
    Ok(Listing::new(&page, items, found.more, found.end, ServiceTotals::Matching(Box::new(filter))))
}
