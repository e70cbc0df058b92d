use std::collections::BTreeMap;
use std::time::Duration;

use domain::asset::MonitoringState;
use domain::ids::{Bucket, OrgId};
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::time::Instant;

use super::group::{Member, PollGroup, read_hint};
use super::round::{Round, RoundReport};
use crate::access::{self, Organization};
use crate::agenda::{self, Agenda, Due, Mark};
use crate::ports::{Op, Row, SourceKey, StoreError, Table, Tables};
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

/// Where it stands when a tick ended last.
const TICK: &str = "tick";

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
    // Without it nobody knows what is due; the next tick reads it again.
    let mut agenda = Agenda::read(app).await?;
    let (mut report, mut trouble) = (TickReport::default(), Trouble::default());
    report.carried_over = trouble.past(carry_over(app, &agenda).await);
    let judged = trouble.past(judging::rejudge(app, &agenda).await);
    let told = trouble.past(intelligence::tell(app, &agenda).await);
    // Boxed: the tick is rarely on an errand, and must not be as large as the largest of them.
    let ran = trouble.past(Box::pin(crate::errands::run(app, &agenda, deadline)).await);
    if report.carried_over > 0 || judged || told || ran {
        trouble.past(agenda.renew(app).await);
    }
    let mut decided = 0;
    for round in trouble.past(polls(app, &agenda, deadline).await) {
        let round = trouble.past(round);
        decided += round.decided;
        report.add(&round);
    }
    trouble.past(intelligence::refresh(app, &agenda, decided > 0, deadline).await);
    trouble.past(settle(app, &agenda).await);
    trouble.past(record(app).await);
    trouble.0.map_or(Ok(report), Err)
}

/// What went wrong: one thing's trouble keeps no other from being done. The first is told as the tick's, the others are
/// written down, and all come up again at the next tick.
#[derive(Default)]
struct Trouble(Option<Error>);

impl Trouble {
    fn past<T: Default>(&mut self, outcome: Result<T, impl Into<Error>>) -> T {
        outcome.map_err(Into::into).unwrap_or_else(|error| {
            if self.0.is_none() {
                self.0 = Some(error);
            } else {
                tracing::error!(%error, "a part of the tick failed, too");
            }
            T::default()
        })
    }
}

/// Asks about what is due. Different keys have their own turns at the source and go side by side; the organizations of one
/// key go one after another.
async fn polls(app: &App, agenda: &Agenda, deadline: Instant) -> Result<Vec<Result<RoundReport, Error>>, Error> {
    let mut by_key: BTreeMap<String, (SourceKey, Work)> = BTreeMap::new();
    for (org, groups) in due_groups(agenda) {
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
    let rounds: Vec<_> =
        by_key.into_values().map(|(key, organizations)| rounds(app, key, organizations, deadline)).collect();
    Ok(futures_util::stream::iter(rounds).buffer_unordered(SIDE_BY_SIDE).collect().await)
}

/// What crashes left, and what is done once in hours or days.
async fn settle(app: &App, agenda: &Agenda) -> Result<(), Error> {
    let mut trouble = Trouble::default();
    let last = trouble.past(agenda.at(TICK).map(crate::rows::decode).transpose());
    trouble.past(notify::sweep::sweep_marked(app, agenda, last).await);
    trouble.past(super::mend::mend(app, agenda.at(super::mend::WHAT)).await);
    trouble.past(crate::findings::close_day(app, agenda.at(crate::findings::DAYS)).await);
    trouble.past(retention::purge_again(app, agenda.at(retention::WHAT)).await);
    trouble.0.map_or(Ok(()), Err)
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
    let row = crate::rows::encode(Mark::At.key(TICK), &app.now())?;
    agenda::commit(app, vec![Op::Upsert(row)]).await?;
    Ok(())
}

/// When the last tick ended.
pub async fn last_tick(tables: &dyn Tables) -> Result<Option<Timestamp>, StoreError> {
    let row = tables.get(Table::Schedule, agenda::PARTITION, &Mark::At.key(TICK)).await?;
    row.as_ref().map(crate::rows::decode).transpose()
}

/// Changes of assets that were stored and not carried over.
async fn carry_over(app: &App, agenda: &Agenda) -> Result<usize, Error> {
    let whose = |row: &Row| Mark::Dirty.about(row)?.split(':').next()?.parse().ok();
    let mut orgs: Vec<OrgId> = agenda.marks(Mark::Dirty).filter_map(whose).collect();
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

fn due_groups(agenda: &Agenda) -> BTreeMap<OrgId, Vec<DueGroup>> {
    let mut due: BTreeMap<OrgId, Vec<DueGroup>> = BTreeMap::new();
    for row in agenda.due(Due::Poll).take(MOST_HINTS) {
        let Some((org, bucket, group)) = read_hint(&row.key) else {
            tracing::warn!(hint = row.key, "a hint that cannot be read is left alone");
            continue;
        };
        let groups = due.entry(org.clone()).or_default();
        match groups.iter_mut().find(|g| g.bucket == bucket && g.group == group) {
            Some(known) => known.hints.push(row.key.clone()),
            None => groups.push(DueGroup { org, bucket, group, hints: vec![row.key.clone()] }),
        }
    }
    due
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
