use std::collections::BTreeMap;
use std::time::Duration;

use domain::asset::MonitoringState;
use domain::ids::{Bucket, OrgId};
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::time::Instant;

use super::group::{HINTS, Member, PollGroup, read_hint};
use super::round::{Round, RoundReport};
use crate::access::{self, Organization};
use crate::ports::{Row, RowRange, SourceKey, Table};
use crate::{App, Error, assets, intelligence, judging, notify, retention};

/// What a tick did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TickReport {
    /// Assets that were asked about.
    pub polled: usize,
    /// Assets about which nothing was new.
    pub unchanged: usize,
    /// Assets that could not be asked about.
    pub failed: usize,
    /// Assets that stay due because the time was up or the source did not answer.
    pub left: usize,
    /// Changes of assets that a crash had left half done.
    pub carried_over: usize,
}

impl TickReport {
    fn add(&mut self, round: &RoundReport) {
        self.polled += round.polled;
        self.unchanged += round.unchanged;
        self.failed += round.failed;
        self.left += round.left;
    }
}

/// One tick reads at most so many hints; the rest is still there at the next.
const MOST_HINTS: usize = 1000;
/// So many keys are asked with side by side.
const SIDE_BY_SIDE: usize = 64;
/// Where nobody said otherwise: well below the ten minutes that the Functions host allows.
const DEFAULT_SECONDS: u32 = 240;

/// The partition of `schedule` where it stands when what was done last, and the row of the last tick.
const STATE: &str = "state";
const LAST: &str = "tick";

/// A group that is due.
#[derive(Clone, Debug)]
pub(super) struct DueGroup {
    pub org: OrgId,
    pub bucket: Bucket,
    pub group: u32,
    /// The hints that point to it.
    pub hints: Vec<String>,
}

/// Organizations with their due groups.
type Work = Vec<(Organization, Vec<DueGroup>)>;

/// One turn of the timer: polls what is due within the time allowed, and carries on what crashes have left.
pub async fn tick(app: &App) -> Result<TickReport, Error> {
    let seconds = if app.settings.tick_seconds == 0 { DEFAULT_SECONDS } else { app.settings.tick_seconds };
    tick_within(app, Duration::from_secs(u64::from(seconds))).await
}

/// One turn of the timer in less time than the settings allow: no question is begun after it.
pub async fn tick_within(app: &App, time: Duration) -> Result<TickReport, Error> {
    let deadline = Instant::now() + time;
    let marks = notify::sweep::marks(app).await?;
    let mut report = TickReport { carried_over: carry_over(app, &marks).await?, ..TickReport::default() };
    judging::rejudge(app).await?;
    intelligence::tell(app).await?;
    // Boxed: the tick is rarely on an errand, and must not be as large as the largest of them.
    Box::pin(crate::errands::run(app, deadline)).await?;
    let mut by_key: BTreeMap<String, (SourceKey, Work)> = BTreeMap::new();
    for (org, groups) in due_groups(app).await? {
        let Some(organization) = access::organization(app, &org).await? else { continue };
        let key = match super::source_key(app, &organization) {
            Ok(key) => key,
            // Its assets stay due; the other organizations are polled.
            Err(error) => {
                tracing::error!(%org, %error, "an organization cannot be polled");
                continue;
            }
        };
        let name = match &key {
            SourceKey::Shodan(key) => key.clone(),
            SourceKey::InternetDb => String::new(),
        };
        by_key.entry(name).or_insert_with(|| (key, Vec::new())).1.push((organization, groups));
    }
    // Different keys have their own turns at the source: they go side by side; one key's go one after another.
    let rounds: Vec<_> =
        by_key.into_values().map(|(key, organizations)| rounds(app, key, organizations, deadline)).collect();
    let rounds: Vec<_> = futures_util::stream::iter(rounds).buffer_unordered(SIDE_BY_SIDE).collect().await;
    let mut failure = None;
    for round in rounds {
        match round {
            Ok(round) => report.add(&round),
            Err(error) => failure = Some(error),
        }
    }
    intelligence::refresh(app, deadline).await?;
    // What is done once in a while stands side by side with when it was done last: one read while nothing is due.
    let state = RowRange { limit: MOST_HINTS, ..RowRange::default() };
    let state = app.tables.range(Table::Schedule, STATE, state).await?.rows;
    let done = |key: &str| state.iter().find(|row| row.key == key);
    let last = done(LAST).map(crate::rows::decode).transpose()?;
    notify::sweep::sweep_marked(app, &marks, last).await?;
    super::mend::mend(app, done(super::mend::KEY)).await?;
    crate::findings::close_day(app, done(crate::findings::DAYS)).await?;
    retention::purge_again(app, done(retention::KEY)).await?;
    record(app).await?;
    failure.map_or(Ok(report), Err)
}

/// The organizations that are asked about with one key, one after another.
async fn rounds(app: &App, key: SourceKey, organizations: Work, deadline: Instant) -> Result<RoundReport, Error> {
    let mut sum = RoundReport::default();
    for (organization, groups) in organizations {
        let round = Round { app, key: &key, organization: &organization, deadline, only: None };
        sum.add(&round.run(&groups).await?);
    }
    Ok(sum)
}

/// Remembers when the last tick ended, for `monitorStatus` and `/readyz`.
async fn record(app: &App) -> Result<(), Error> {
    let row = crate::rows::encode(LAST, &app.now())?;
    let ops = vec![crate::ports::Op::Upsert(row)];
    app.tables
        .commit(crate::ports::Batch { table: Table::Schedule, partition: STATE.into(), ops, witness: None })
        .await?;
    Ok(())
}

/// When the last tick ended.
pub async fn last_tick(app: &App) -> Result<Option<Timestamp>, Error> {
    let row = app.tables.get(Table::Schedule, STATE, LAST).await?;
    Ok(row.as_ref().map(crate::rows::decode).transpose()?)
}

/// Changes of assets that were stored and not carried over.
async fn carry_over(app: &App, marks: &[Row]) -> Result<usize, Error> {
    let mut orgs: Vec<OrgId> = marks.iter().filter_map(|r| r.key.split(':').next()?.parse().ok()).collect();
    orgs.dedup();
    let mut done = 0;
    for org in orgs {
        match assets::finish_intents(app, &org).await {
            Ok(carried) => done += carried,
            // The others are polled all the same. The mark is made anew, so that the sweep does not take it for idle.
            Err(error) => {
                tracing::warn!(%org, %error, "what a crash left half done waits for the next tick");
                app.mark_dirty(&org, Bucket::default()).await?;
            }
        }
    }
    Ok(done)
}

async fn due_groups(app: &App) -> Result<BTreeMap<OrgId, Vec<DueGroup>>, Error> {
    let end = format!("{:010}", app.now().as_second() + 1);
    let range = RowRange { to: Some(end), limit: MOST_HINTS, ..RowRange::default() };
    let page = app.tables.range(Table::Schedule, HINTS, range).await?;
    let mut due: BTreeMap<OrgId, Vec<DueGroup>> = BTreeMap::new();
    for row in page.rows {
        let Some((org, bucket, group)) = read_hint(&row.key) else {
            tracing::warn!(hint = row.key, "a hint that cannot be read is left alone");
            continue;
        };
        let groups = due.entry(org.clone()).or_default();
        match groups.iter_mut().find(|g| g.bucket == bucket && g.group == group) {
            Some(known) => known.hints.push(row.key),
            None => groups.push(DueGroup { org, bucket, group, hints: vec![row.key] }),
        }
    }
    Ok(due)
}

/// How much of an organization is due now: assets, and since when the oldest.
pub async fn backlog(app: &App, org: &OrgId) -> Result<(usize, Option<Timestamp>), Error> {
    let due: Vec<Timestamp> =
        members(app, org).await?.into_iter().map(|m| m.due).filter(|due| *due <= app.now()).collect();
    Ok((due.len(), due.into_iter().min()))
}

/// When the next asset of an organization is due; `None`: none is polled. A past instant is due now.
pub async fn next_due(app: &App, org: &OrgId) -> Result<Option<Timestamp>, Error> {
    let polled = |m: &Member| m.status != MonitoringState::Paused;
    Ok(members(app, org).await?.into_iter().filter(polled).map(|m| m.due).min())
}

/// How many assets of an organization failed at their last poll.
pub async fn failing(app: &App, org: &OrgId) -> Result<usize, Error> {
    Ok(members(app, org).await?.into_iter().filter(|m| m.status == MonitoringState::Failing).count())
}

async fn members(app: &App, org: &OrgId) -> Result<Vec<Member>, Error> {
    let register = assets::Register::read(app, org).await?;
    let last = register.assets().map(|a| a.group).max();
    let mut members = Vec::new();
    for id in 0..last.map_or(0, |l| l + 1) {
        members.extend(PollGroup::read(app, &crate::ledger::partition(org, Bucket::default()), id).await?.members);
    }
    Ok(members)
}
