//! What is watched.

use std::sync::Arc;

use app::assets::{self, Monitored};
use app::directory::AssetSummary;
use app::poll::Usage;
use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::asset::Asset as Stored;
use domain::role::Action;

use super::counts::{FindingCounts, int};
use super::finding::{FindingConnection, FindingFilter, FindingOrder, list};
use super::host::{HostConnection, HostFilter, hosts};
use super::service::{ServiceConnection, ServiceFilter, services};
use crate::context::{app, caller, fail, register};
use crate::enums::{AssetKind, AssetOrderField, Criticality, DataSource, MonitoringState, OrderDirection, Severity};
use crate::paging::page;
use crate::scalars::{Cidr, DateTime, EmailAddress, at};

/// What is watched: a device, network, domain or query.
#[derive(Clone)]
pub struct Asset {
    pub(crate) stored: Arc<Stored>,
    pub(crate) summary: Option<AssetSummary>,
}

impl From<Monitored> for Asset {
    fn from(monitored: Monitored) -> Self {
        Self { stored: Arc::new(monitored.asset), summary: Some(monitored.summary) }
    }
}

impl From<Stored> for Asset {
    fn from(stored: Stored) -> Self {
        Self::from(Arc::new(stored))
    }
}

impl From<Arc<Stored>> for Asset {
    fn from(stored: Arc<Stored>) -> Self {
        Self { stored, summary: None }
    }
}

impl Asset {
    async fn summary(&self, ctx: &Context<'_>) -> Result<AssetSummary> {
        if let Some(summary) = self.summary {
            Ok(summary)
        } else {
            let caller = caller(ctx)?;
            caller.may(Action::Read).map_err(fail)?;
            let org = &caller.org;
            let (_, snapshot) = app(ctx).snapshot(org, self.stored.id.bucket).await.map_err(|e| fail(e.into()))?;
            Ok(snapshot.asset(&self.stored.id.ulid))
        }
    }
}

/// What is written of a device, by people or by itself.
#[derive(SimpleObject)]
pub struct DeviceProfile {
    /// Who made it.
    vendor: Option<String>,
    /// The maker's name of it.
    model: Option<String>,
    /// What runs on it.
    firmware: Option<String>,
    /// Where it stands.
    site: Option<String>,
    /// Its serial number.
    serial_number: Option<String>,
    /// Its hardware address, as it is written on it.
    mac_address: Option<String>,
    /// What kind of device it is, such as camera.
    #[graphql(name = "type")]
    device_type: Option<String>,
}

/// How the monitoring of an asset goes.
#[derive(SimpleObject)]
pub struct Monitoring {
    /// Is it polled?
    enabled: bool,
    /// Seconds between polls.
    interval: i32,
    /// When the source was last asked with an answer; null before the first poll.
    last_polled_at: Option<DateTime>,
    /// When it is asked next; null when it is not polled.
    next_poll_at: Option<DateTime>,
    /// When Shodan itself last looked at the newest service; older than the poll.
    last_observed_at: Option<DateTime>,
    /// Who answered last.
    source: Option<DataSource>,
    /// How it stands.
    status: MonitoringState,
    /// What the last failure was; null when the last poll brought an answer.
    last_error: Option<String>,
    /// Requests that were made for it this month; one for several assets counts in part for each.
    calls_this_month: f64,
    /// Query credits that were spent on it this month; of a search for several assets in part.
    query_credits_this_month: f64,
}

/// What is watched: a device, network, domain or query.
#[Object]
impl Asset {
    /// Its id.
    pub async fn id(&self) -> ID {
        self.stored.id.to_string().into()
    }
    /// What people call it.
    async fn name(&self) -> &str {
        &self.stored.name
    }
    /// What kind it is, which follows from the target.
    async fn kind(&self) -> AssetKind {
        self.stored.kind().into()
    }
    /// An address, a CIDR, a host name, or a Shodan query: what is watched.
    async fn target(&self) -> String {
        self.stored.target.to_string()
    }
    /// The device's profile: what people wrote, and where they left a field empty, what its services tell; null when
    /// neither says anything.
    async fn device(&self, ctx: &Context<'_>) -> Result<Option<DeviceProfile>> {
        let d = assets::profile(app(ctx), &caller(ctx)?.org, &self.stored).await.map_err(fail)?;
        Ok((d != domain::asset::DeviceProfile::default()).then_some(DeviceProfile {
            vendor: d.vendor,
            model: d.model,
            firmware: d.firmware,
            site: d.site,
            serial_number: d.serial_number,
            mac_address: d.mac_address,
            device_type: d.device_type,
        }))
    }
    /// Labels, sorted.
    async fn tags(&self) -> &[String] {
        &self.stored.tags
    }
    /// How much depends on it.
    async fn criticality(&self) -> Criticality {
        self.stored.criticality.into()
    }
    /// Who answers for it.
    async fn owner(&self) -> Option<&String> {
        self.stored.owner.as_ref()
    }
    /// How to reach them.
    async fn owner_email(&self) -> Option<EmailAddress> {
        self.stored.owner_email.clone().map(|e| EmailAddress(e.into()))
    }
    /// Free text.
    async fn notes(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        if self.stored.notes.is_some() {
            return Ok(self.stored.notes.clone());
        }
        let found = assets::asset(app(ctx), caller(ctx)?, &self.stored.id).await.map_err(fail)?;
        Ok(found.and_then(|m| m.asset.notes))
    }
    /// Its id in somebody else's register.
    async fn external_id(&self) -> Option<&String> {
        self.stored.external_id.as_ref()
    }
    /// Services that are meant to be there, such as 443/tcp.
    async fn allowed_services(&self) -> &[String] {
        &self.stored.allowed_services
    }
    /// When it was registered.
    async fn created_at(&self) -> DateTime {
        at(self.stored.created_at)
    }
    /// When a person last changed it.
    async fn updated_at(&self) -> DateTime {
        at(self.stored.updated_at)
    }
    /// When it was retired; null while it is watched.
    async fn retired_at(&self) -> Option<DateTime> {
        self.stored.retired_at.map(at)
    }
    /// Why it was retired.
    async fn retired_reason(&self) -> Option<&String> {
        self.stored.retired_reason.as_ref()
    }
    /// The longest network of the register that contains it; null: none does.
    async fn parent(&self, ctx: &Context<'_>) -> Result<Option<Asset>> {
        let register = register(ctx).await?;
        let id = register.owners().parent(&self.stored.target, &self.stored.id);
        Ok(id.and_then(|id| register.share(id)).cloned().map(Asset::from))
    }
    /// How its monitoring goes.
    async fn monitoring(&self, ctx: &Context<'_>) -> Result<Monitoring> {
        let asset = &self.stored;
        let caller = caller(ctx)?;
        let member = assets::monitoring(app(ctx), &caller.org, &[asset]).await.map_err(fail)?.pop().flatten();
        let organization = app::access::organization(app(ctx), &caller.org).await.map_err(|e| fail(e.into()))?;
        let usual = organization.map_or(3600, |o| o.settings.poll_interval);
        let status = assets::state_of(asset, member.as_ref());
        let polled = asset.enabled && asset.retired_at.is_none();
        let usage = member.as_ref().map(|m| m.usage.in_month(app(ctx).now())).unwrap_or_default();
        let used = |part: fn(&Usage) -> u32| f64::from(part(&usage)) / 1000.0;
        Ok(Monitoring {
            enabled: polled,
            interval: int(asset.poll_interval.unwrap_or(usual) as usize),
            last_polled_at: member.as_ref().and_then(|m| m.polled).map(at),
            next_poll_at: member.as_ref().filter(|_| polled).map(|m| at(m.due)),
            last_observed_at: member.as_ref().and_then(|m| m.observed).map(at),
            source: member.as_ref().and_then(|m| m.source).map(Into::into),
            status: status.into(),
            calls_this_month: used(|usage| usage.calls),
            query_credits_this_month: used(|usage| usage.credits),
            last_error: member.as_ref().and_then(|m| m.error.clone()),
        })
    }
    /// The addresses that it owns.
    async fn hosts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "How many at most, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "A cursor: what comes before it.")] before: Option<String>,
    ) -> Result<HostConnection> {
        hosts(ctx, Some(&self.stored), HostFilter::default(), &page(first, after, last, before)?).await
    }
    /// Its services.
    async fn services(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "How many at most, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "A cursor: what comes before it.")] before: Option<String>,
        #[graphql(desc = "Which services; null: all.")] filter: Option<ServiceFilter>,
    ) -> Result<ServiceConnection> {
        let filter = ServiceFilter { asset_id: Some(self.stored.id.to_string().into()), ..filter.unwrap_or_default() };
        services(ctx, filter, page(first, after, last, before)?).await
    }
    /// Its findings.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn findings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "How many at most, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "A cursor: what comes before it.")] before: Option<String>,
        #[graphql(desc = "Which findings; null: all.")] filter: Option<FindingFilter>,
        #[graphql(desc = "By what the list is in order.")] order_by: Option<FindingOrder>,
    ) -> Result<FindingConnection> {
        let filter = filter.unwrap_or_default().of_asset(&self.stored.id);
        list(ctx, filter, order_by, page(first, after, last, before)?).await
    }
    /// Its findings, counted.
    async fn finding_counts(&self, ctx: &Context<'_>) -> Result<FindingCounts> {
        Ok(FindingCounts(self.summary(ctx).await?.counts))
    }
    /// 0 to 100: the worst open finding, weighted by how critical the asset is.
    async fn risk_score(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(i32::from(assets::risk_of(&self.stored, &self.summary(ctx).await?)))
    }
}

/// Fields are and-ed; the values of a list are or-ed.
#[derive(InputObject, Default)]
pub struct AssetFilter {
    /// In name, target, owner, vendor, model, external id or tags; without regard to case.
    text: Option<String>,
    /// Kinds.
    kinds: Option<Vec<AssetKind>>,
    /// One of these tags.
    tags: Option<Vec<String>>,
    /// How much depends on it.
    criticality: Option<Vec<Criticality>>,
    /// How its monitoring goes.
    status: Option<Vec<MonitoringState>>,
    /// Has open or acknowledged findings, or none.
    has_open_findings: Option<bool>,
    /// Has an open or acknowledged finding of at least this severity.
    min_severity: Option<Severity>,
    /// Changed by a person after this instant.
    updated_after: Option<DateTime>,
    /// These, retired or not.
    ids: Option<Vec<ID>>,
    /// One of these owners.
    owners: Option<Vec<String>>,
    /// At one of these sites.
    sites: Option<Vec<String>>,
    /// With one of these external ids.
    external_ids: Option<Vec<String>>,
    /// Inside one of these networks.
    within: Option<Vec<Cidr>>,
    /// Retired ones instead of those that are watched.
    #[graphql(default_with = "Some(false)")]
    retired: Option<bool>,
}

impl From<AssetFilter> for assets::AssetFilter {
    fn from(f: AssetFilter) -> Self {
        Self {
            text: f.text,
            kinds: f.kinds.map(|l| l.into_iter().map(Into::into).collect()),
            tags: f.tags,
            criticality: f.criticality.map(|l| l.into_iter().map(Into::into).collect()),
            status: f.status.map(|l| l.into_iter().map(Into::into).collect()),
            has_open_findings: f.has_open_findings,
            min_severity: f.min_severity.map(Into::into),
            updated_after: f.updated_after.map(|t| t.0),
            ids: f.ids.map(|l| l.iter().filter_map(|id| id.parse().ok()).collect()),
            owners: f.owners,
            sites: f.sites,
            external_ids: f.external_ids,
            within: f.within.map(|l| l.into_iter().map(|c| c.0).collect()),
            retired: f.retired.unwrap_or_default(),
        }
    }
}

/// Order and direction.
#[derive(InputObject)]
pub struct AssetOrder {
    /// By what.
    field: AssetOrderField,
    /// Which way.
    direction: OrderDirection,
}

/// What a list of assets says beside its items.
#[derive(SimpleObject)]
pub struct AssetTotals {
    /// How many match; null above 10 000.
    total_count: Option<i32>,
}

/// A page of assets.
pub type AssetConnection = Connection<String, Asset, AssetTotals>;

/// Lists assets.
pub async fn assets(
    ctx: &Context<'_>,
    filter: Option<AssetFilter>,
    order: Option<AssetOrder>,
    page: crate::paging::Page,
) -> Result<AssetConnection> {
    let order = order.map_or(
        assets::AssetOrder {
            field: assets::AssetOrderField::CreatedAt,
            direction: app::directory::Direction::Ascending,
        },
        |o| assets::AssetOrder { field: o.field.into(), direction: o.direction.into() },
    );
    let filter = filter.unwrap_or_default().into();
    let asked = (page.cursor.as_deref(), page.limit, page.backward);
    let found = assets::assets_page(app(ctx), caller(ctx)?, &filter, order, asked).await.map_err(fail)?;
    let (before, behind) = page.neighbours(found.more);
    let totals = AssetTotals { total_count: exact(found.total) };
    let mut connection = Connection::with_additional_fields(before, behind, totals);
    connection.edges.extend(found.items.into_iter().map(|m| Edge::new(m.cursor.clone(), Asset::from(m))));
    Ok(connection)
}

/// Exact up to 10 000 and null above.
pub(crate) fn exact(count: usize) -> Option<i32> {
    (count <= 10_000).then(|| int(count))
}
