//! What was sent to a channel.

use app::notify::{self, Delivery as Stored};
use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use futures_util::StreamExt;

use super::channel::NotificationChannel;
use super::counts::int;
use super::event::Event;
use crate::context::{app, bad_input, caller, fail};
use crate::enums::{DeliveryError, DeliveryState};
use crate::paging::Page;
use crate::scalars::{DateTime, EmailAddress, Json, at};

/// Events read side by side.
const READS: usize = 16;

/// What was, or is to be, sent to a channel.
#[derive(Clone)]
pub struct Delivery(pub(crate) Stored);

/// One try to send it.
#[derive(SimpleObject)]
pub struct DeliveryAttempt {
    /// From 1.
    number: i32,
    /// When it began.
    at: DateTime,
    /// How long it took, in milliseconds.
    duration_ms: i32,
    /// HTTP status or SMTP code; null: there was no answer.
    status_code: Option<i32>,
    /// What went wrong; null: delivered.
    error: Option<DeliveryError>,
    /// At most 2 KiB of the answer, control characters replaced.
    response_excerpt: Option<String>,
    /// To whom, in a mail; null: not a mail.
    recipient: Option<EmailAddress>,
}

/// What was, or is to be, sent to a channel.
#[Object]
impl Delivery {
    /// Its id: `webhook-id` of all its attempts.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// To which channel.
    async fn channel(&self, ctx: &Context<'_>) -> Result<NotificationChannel> {
        let found = notify::channel(app(ctx), caller(ctx)?, &self.0.channel).await.map_err(fail)?;
        found.map(NotificationChannel::from).ok_or_else(|| bad_input("the channel of this delivery is gone"))
    }
    /// Its events, oldest first.
    async fn events(&self, ctx: &Context<'_>) -> Result<Vec<Event>> {
        let (app, caller) = (app(ctx), caller(ctx)?);
        let reads = self.0.events.iter().map(|id| app::findings::event(app, caller, *id));
        let read: Vec<_> = futures_util::stream::iter(reads.collect::<Vec<_>>()).buffered(READS).collect().await;
        let found = read.into_iter().collect::<std::result::Result<Vec<_>, _>>().map_err(fail)?;
        Ok(found.into_iter().flatten().map(Event).collect())
    }
    /// Where it stands.
    async fn state(&self) -> DeliveryState {
        self.0.state.into()
    }
    /// What was tried.
    async fn attempts(&self) -> Vec<DeliveryAttempt> {
        let attempt = |a: &notify::AttemptRecord| DeliveryAttempt {
            number: int(a.number as usize),
            at: at(a.at),
            duration_ms: int(a.duration_ms as usize),
            status_code: a.status.map(i32::from),
            error: a.error.map(Into::into),
            response_excerpt: a.excerpt.clone(),
            recipient: a.recipient.clone().map(|r| EmailAddress(r.into())),
        };
        self.0.attempts.iter().map(attempt).collect()
    }
    /// When it is tried next; null: never again by itself.
    async fn next_attempt_at(&self) -> Option<DateTime> {
        self.0.next_attempt_at.map(at)
    }
    /// When it was decided.
    async fn created_at(&self) -> DateTime {
        at(self.0.created_at)
    }
    /// When the receiver took it; null: not yet.
    async fn delivered_at(&self) -> Option<DateTime> {
        self.0.delivered_at.map(at)
    }
    /// The body, frozen when it was decided; of a mail its plain text.
    async fn request_body(&self) -> &str {
        &self.0.body
    }
    /// The headers, without secrets.
    async fn request_headers(&self) -> Json {
        let headers = self.0.request_headers().into_iter().map(|(name, value)| (name, value.into()));
        Json(serde_json::Value::Object(headers.collect()))
    }
    /// In words, where the state alone does not tell; null: it does.
    async fn explanation(&self) -> Option<&str> {
        self.0.explanation.as_deref()
    }
}

/// Fields are and-ed; the values of a list are or-ed.
#[derive(InputObject, Default)]
pub struct DeliveryFilter {
    /// To this channel.
    pub channel_id: Option<ID>,
    /// With an event about this finding.
    pub finding_id: Option<ID>,
    /// In one of these states.
    pub states: Option<Vec<DeliveryState>>,
    /// Decided then or later.
    pub since: Option<DateTime>,
    /// Decided before.
    pub until: Option<DateTime>,
    /// With this event.
    pub event_id: Option<ID>,
    /// Written to this address.
    pub recipient: Option<EmailAddress>,
}

/// A page of deliveries.
pub type DeliveryConnection = Connection<String, Delivery>;

fn id<T: std::str::FromStr>(id: Option<ID>, what: &str) -> Result<Option<T>> {
    id.map(|id| id.parse().map_err(|_| bad_input(format!("{what} is not such an id")))).transpose()
}

/// Lists deliveries, newest first.
pub async fn deliveries(ctx: &Context<'_>, filter: Option<DeliveryFilter>, page: Page) -> Result<DeliveryConnection> {
    if page.backward {
        return Err(bad_input("deliveries are read forward: use first and after"));
    }
    let f = filter.unwrap_or_default();
    let recipient = f
        .recipient
        .map(|r| domain::email::EmailAddress::parse(&r.0).ok_or_else(|| bad_input("recipient is not an address")));
    let filter = notify::DeliveryFilter {
        channel: id(f.channel_id, "channelId")?,
        states: f.states.unwrap_or_default().into_iter().map(Into::into).collect(),
        finding: id(f.finding_id, "findingId")?,
        event: id(f.event_id, "eventId")?,
        since: f.since.map(|t| t.0),
        until: f.until.map(|t| t.0),
        recipient: recipient.transpose()?,
    };
    let found =
        notify::deliveries(app(ctx), caller(ctx)?, &filter, page.limit, page.cursor.as_deref()).await.map_err(fail)?;
    let mut connection = Connection::new(page.cursor.is_some(), found.next.is_some());
    connection.edges.extend(found.items.into_iter().map(|(cursor, d)| Edge::new(cursor, Delivery(d))));
    Ok(connection)
}
