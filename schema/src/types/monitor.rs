//! Is the monitor itself well?

use app::intelligence::{self, Feed};
use app::{access, monitor, notify, poll};
use async_graphql::{Context, Result, SimpleObject};

use super::counts::int;
use super::viewer::{ShodanKeyStatus, key_status};
use crate::context::{app, caller, fail};
use crate::scalars::{DateTime, at};

/// Is the monitor itself well?
#[derive(SimpleObject)]
pub struct MonitorStatus {
    /// When the last tick ended; null: there was none.
    last_poll_at: Option<DateTime>,
    /// When the next asset is due; in the past: at the next tick; null: none is polled.
    next_poll_at: Option<DateTime>,
    /// Assets that are due now.
    due_assets: i32,
    /// Since when the oldest of them is due; null: none is.
    oldest_due_at: Option<DateTime>,
    /// Assets whose last poll failed.
    poll_errors: i32,
    /// About how many messages wait.
    queue_depth: i32,
    /// Channels whose receiver fails.
    failing_channels: i32,
    /// How it stands with the Shodan key.
    shodan_key: ShodanKeyStatus,
    /// How the sources answer.
    sources: Vec<SourceStatus>,
    /// How it stands with pushes of Shodan Monitor.
    shodan_monitor: ShodanMonitor,
    /// The program's version.
    version: String,
}

/// How it stands with the alerts that are kept in the organization's own Shodan account, and with what they push.
#[derive(SimpleObject)]
pub struct ShodanMonitor {
    /// How many alerts are as they should be.
    alerts: i32,
    /// How many addresses they watch.
    addresses: i32,
    /// Addresses and networks that are not watched, for want of monitored addresses; at most 100.
    not_watched: Vec<String>,
    /// When the account was last looked at; null: not yet, or there is no key of the organization's own.
    checked_at: Option<DateTime>,
    /// When a push was last taken; null: never.
    last_push_at: Option<DateTime>,
    /// When a push was last refused; null: never.
    last_refused_at: Option<DateTime>,
    /// Why the alerts are not in step, or why the last push was refused; null: nothing is wrong.
    message: Option<String>,
}

/// How a source answers.
#[derive(SimpleObject)]
pub struct SourceStatus {
    /// Its name.
    name: String,
    /// Did it answer the last time?
    ok: bool,
    /// When it was last asked.
    checked_at: DateTime,
    /// When it last answered; null: never.
    last_success_at: Option<DateTime>,
    /// What it says; null: nothing is wrong.
    message: Option<String>,
    /// The date of its data; null: it has none.
    data_date: Option<String>,
}

/// Looks after everything that can go wrong.
pub async fn status(ctx: &Context<'_>) -> Result<MonitorStatus> {
    let (app, caller) = (app(ctx), caller(ctx)?);
    let organization = access::organization(app, &caller.org).await.map_err(|e| fail(e.into()))?;
    let organization = organization.ok_or_else(|| fail(app::Error::Unauthenticated))?;
    let (due, oldest) = poll::backlog(app, &caller.org).await.map_err(fail)?;
    let channels = notify::channels(app, caller).await.map_err(fail)?;
    let failing = channels.iter().filter(|c| c.status() == notify::ChannelStatus::Failing).count();
    let sources = poll::states(app, &organization).await.map_err(fail)?;
    let feeds = intelligence::feeds(app).await.map_err(fail)?;
    let depth = app.queue.depth(app::ports::QueueName::Notifications).await.map_err(|e| fail(e.into()))?;
    Ok(MonitorStatus {
        last_poll_at: poll::last_tick(&*app.tables).await.map_err(|e| fail(e.into()))?.map(at),
        next_poll_at: poll::next_due(app, &caller.org).await.map_err(fail)?.map(at),
        due_assets: int(due),
        oldest_due_at: oldest.map(at),
        poll_errors: int(poll::failing(app, &caller.org).await.map_err(fail)?),
        queue_depth: int(usize::try_from(depth).unwrap_or(usize::MAX)),
        failing_channels: int(failing),
        shodan_key: key_status(ctx, &organization).await?,
        sources: sources.into_iter().filter_map(exposure).chain(feeds.into_iter().filter_map(feed)).collect(),
        shodan_monitor: shodan_monitor(ctx).await?,
        version: env!("CARGO_PKG_VERSION").into(),
    })
}

fn exposure(state: poll::SourceState) -> Option<SourceStatus> {
    Some(SourceStatus {
        ok: state.since.is_none(),
        checked_at: at(state.checked?),
        last_success_at: state.last_success.map(at),
        message: state.message,
        data_date: None,
        name: state.name,
    })
}

/// One that was never asked is left out.
fn feed((name, feed): (&'static str, Feed)) -> Option<SourceStatus> {
    Some(SourceStatus {
        name: name.into(),
        ok: feed.message.is_none(),
        checked_at: at(feed.checked?),
        last_success_at: feed.succeeded.map(at),
        message: feed.message,
        data_date: feed.date.map(|day| day.to_string()),
    })
}

async fn shodan_monitor(ctx: &Context<'_>) -> Result<ShodanMonitor> {
    let (state, pushes) = monitor::state(app(ctx), &caller(ctx)?.org).await.map_err(|e| fail(e.into()))?;
    // A refusal is told until something better came.
    let refused = pushes.refused.filter(|_| pushes.refused_at > pushes.taken_at);
    Ok(ShodanMonitor {
        alerts: int(state.alerts.len()),
        addresses: i32::try_from(state.addresses).unwrap_or(i32::MAX),
        not_watched: state.left_out,
        checked_at: state.checked_at.map(at),
        last_push_at: pushes.taken_at.map(at),
        last_refused_at: pushes.refused_at.map(at),
        message: state.error.or(refused),
    })
}
