//! Who was told of what, and why the others were not.

use app::notify::{self, Told};
use async_graphql::{Context, Object, Result};
use domain::ids::{EventId, FindingId};

use super::channel::NotificationChannel;
use super::delivery::Delivery;
use super::event::Event;
use crate::context::{app, bad_input, caller, fail};
use crate::enums::DecisionReason;
use crate::scalars::{DateTime, at};

/// One per event and channel, judged by the trigger as it was then.
pub struct NotificationDecision(Told);

/// One per event and channel, judged by the trigger as it was then.
#[Object]
impl NotificationDecision {
    /// The channel; a deleted one too.
    async fn channel(&self, ctx: &Context<'_>) -> Result<NotificationChannel> {
        let found = notify::channel(app(ctx), caller(ctx)?, &self.0.decision.channel).await.map_err(fail)?;
        found.map(NotificationChannel::from).ok_or_else(|| bad_input("the channel of this decision is gone"))
    }
    /// Does a delivery carry it?
    async fn sent(&self) -> bool {
        self.0.sent
    }
    /// Why, in words.
    async fn explanation(&self) -> &str {
        &self.0.explanation
    }
    /// What carries it; null: the channel is not told.
    async fn delivery(&self, ctx: &Context<'_>) -> Result<Option<Delivery>> {
        let Some(id) = &self.0.decision.delivery else { return Ok(None) };
        Ok(notify::delivery(app(ctx), caller(ctx)?, id).await.map_err(fail)?.map(Delivery))
    }
    /// The event.
    async fn event(&self, ctx: &Context<'_>) -> Result<Event> {
        let found = app::findings::event(app(ctx), caller(ctx)?, self.0.decision.event).await.map_err(fail)?;
        found.map(Event).ok_or_else(|| bad_input("the event of this decision is not kept any more"))
    }
    /// When it was judged.
    async fn at(&self) -> DateTime {
        at(self.0.decision.at)
    }
    /// Why, as it stands now.
    async fn reason(&self) -> DecisionReason {
        self.0.reason.into()
    }
    /// Until when it is held back, for a digest or by quiet hours; null: it is not.
    async fn held_until(&self) -> Option<DateTime> {
        self.0.held_until.map(at)
    }
}

/// The decisions about a finding's latest 50 events, newest event first.
pub async fn of_finding(ctx: &Context<'_>, id: &FindingId) -> Result<Vec<NotificationDecision>> {
    let told = notify::decisions(app(ctx), caller(ctx)?, id).await.map_err(fail)?;
    Ok(told.into_iter().map(NotificationDecision).collect())
}

/// The decisions about one event.
pub async fn of_event(ctx: &Context<'_>, id: EventId) -> Result<Vec<NotificationDecision>> {
    let told = notify::decisions_of_event(app(ctx), caller(ctx)?, id).await.map_err(fail)?;
    Ok(told.into_iter().map(NotificationDecision).collect())
}
