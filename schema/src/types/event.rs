//! The log.

use app::findings;
use async_graphql::connection::EmptyFields;
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::event::Event as Stored;
use domain::ids::{Bucket, EventId};

use super::actor::Actor;
use super::asset::Asset;
use super::channel::NotificationChannel;
use super::decision::{NotificationDecision, of_event};
use super::finding::Finding;
use super::service::Service;
use crate::context::{app, bad_input, caller, fail, register};
use crate::enums::{EventType, Severity};
use crate::listing::Listing;
use crate::paging::Page;
use crate::scalars::{DateTime, Json, at};

/// Something that happened: one entry of the append-only log.
#[derive(Clone)]
pub struct Event(pub(crate) Stored);

/// One field that changed.
#[derive(SimpleObject)]
pub struct Change {
    /// Which.
    field: String,
    /// What it was.
    before: Option<String>,
    /// What it is.
    after: Option<String>,
}

impl From<&domain::event::Change> for Change {
    fn from(change: &domain::event::Change) -> Self {
        Self { field: change.field.clone(), before: change.before.clone(), after: change.after.clone() }
    }
}

/// Something that happened: one entry of the append-only log.
#[Object]
impl Event {
    /// Its id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// What happened.
    #[graphql(name = "type")]
    async fn kind(&self) -> EventType {
        self.0.kind.into()
    }
    /// When.
    async fn at(&self) -> DateTime {
        at(self.0.at)
    }
    /// The asset; null when it is about none, or it was deleted.
    async fn asset(&self, ctx: &Context<'_>) -> Result<Option<Asset>> {
        let Some(id) = &self.0.subjects.asset else { return Ok(None) };
        Ok(register(ctx).await?.share(id).cloned().map(Asset::from))
    }
    /// The finding as it is now; null when it is about none.
    async fn finding(&self, ctx: &Context<'_>) -> Result<Option<Finding>> {
        let Some(id) = &self.0.subjects.finding else { return Ok(None) };
        Ok(findings::finding(app(ctx), caller(ctx)?, id).await.map_err(fail)?.map(Finding::from))
    }
    /// The service as it is now; null when it is about none.
    async fn service(&self, ctx: &Context<'_>) -> Result<Option<Service>> {
        let Some(id) = &self.0.subjects.service else { return Ok(None) };
        Ok(findings::service(app(ctx), caller(ctx)?, id).await.map_err(fail)?.map(Service))
    }
    /// The channel, a deleted one too; null when it is about none.
    async fn channel(&self, ctx: &Context<'_>) -> Result<Option<NotificationChannel>> {
        let Some(id) = &self.0.subjects.channel else { return Ok(None) };
        let found = app::notify::channel(app(ctx), caller(ctx)?, id).await.map_err(fail)?;
        Ok(found.map(NotificationChannel::from))
    }
    /// Which channels were told of it, and why the others were not.
    async fn notifications(&self, ctx: &Context<'_>) -> Result<Vec<NotificationDecision>> {
        of_event(ctx, self.0.id).await
    }
    /// Who did it.
    async fn actor(&self) -> Actor {
        (&self.0.actor).into()
    }
    /// What changed, old and new.
    async fn changes(&self) -> Vec<Change> {
        self.0.changes.iter().map(Change::from).collect()
    }
    /// The JSON that webhooks carry for this event, in `data`.
    async fn payload(&self) -> Json {
        Json(self.0.payload.clone())
    }
    /// Its place in the log.
    async fn sequence(&self) -> String {
        format!("{}{:013}", self.0.id.bucket, self.0.id.number)
    }
}

/// Fields are and-ed; the values of a list are or-ed.
#[derive(InputObject, Default, Clone)]
pub struct EventFilter {
    /// Types.
    pub types: Option<Vec<EventType>>,
    /// Of findings of at least this severity; events without a finding pass.
    pub min_severity: Option<Severity>,
    /// About this asset.
    pub asset_id: Option<ID>,
    /// About this finding.
    pub finding_id: Option<ID>,
    /// From this instant on.
    pub since: Option<DateTime>,
    /// Before this instant.
    pub until: Option<DateTime>,
}

impl EventFilter {
    /// As the use case takes it.
    pub fn read(self) -> Result<findings::EventFilter> {
        let asset = self.asset_id.map(|id| id.parse().map_err(|_| bad_input("assetId is not the id of an asset")));
        let finding =
            self.finding_id.map(|id| id.parse().map_err(|_| bad_input("findingId is not the id of a finding")));
        Ok(findings::EventFilter {
            types: self.types.map(|l| l.into_iter().map(Into::into).collect()),
            min_severity: self.min_severity.map(Into::into),
            asset_id: asset.transpose()?,
            finding_id: finding.transpose()?,
            since: self.since.map(|t| t.0),
            until: self.until.map(|t| t.0),
        })
    }
}

/// A page of events. Its end cursor also moves over events that the filter left out.
pub type EventConnection = Listing<Event>;

/// The cursor of an event: the last number of each bucket.
pub fn cursor(number: u64) -> String {
    EventId { bucket: Bucket::default(), number }.to_string()
}

/// Reads a cursor.
pub fn read_cursor(text: &str) -> Result<u64> {
    let id = text.parse::<EventId>().ok().filter(|id| id.bucket == Bucket::default());
    id.map(|id| id.number).ok_or_else(|| bad_input("not a cursor of the event log"))
}

/// Lists events, oldest first.
pub async fn events(ctx: &Context<'_>, filter: Option<EventFilter>, page: Page) -> Result<EventConnection> {
    let filter = filter.unwrap_or_default().read()?;
    let from = page.cursor.as_deref().map(read_cursor).transpose()?;
    let found = findings::events_page(app(ctx), caller(ctx)?, &filter, (from, page.limit, page.backward))
        .await
        .map_err(fail)?;
    let end = (found.more || !page.backward).then(|| cursor(found.looked_to)).filter(|_| found.looked_to > 0);
    let items = found.items.into_iter().map(|e| (cursor(e.id.number), Event(e)));
    Ok(Listing::new(&page, items, found.more, end, EmptyFields))
}
