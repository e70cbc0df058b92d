use domain::asset::{Asset, MonitoringState};
use domain::decide::{Question, decide_with};
use domain::event::{Event, EventType};
use domain::ids::Bucket;
use domain::merge::Look;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer::Answer;
use super::grounds::Grounds;
use super::group::{Member, PollGroup, Usage};
use super::patience::Patience;
use super::seen::Seen;
use super::silence::silences;
use super::summary::summary;
use crate::access::Organization;
use crate::assets::Register;
use crate::findings::load;
use crate::intelligence::{Watched, watch};
use crate::ledger::{CommitError, Decision};
use crate::{App, Error, findings};

const TRIES: usize = 8;
/// A failed poll is repeated after so long at the earliest, doubling up to the interval.
const RETRY: i64 = 60;
/// Seconds.
const LEAST_WAIT: i64 = 3600;
/// What was asked for as a whole and came in part counts as a look of so long ago: it is asked for again after a day,
/// two days later at the latest, and not at every poll, since a search costs.
const HALF_A_LOOK: SignedDuration = SignedDuration::from_hours(4 * 24);
/// What is told of such a look.
const IN_PART: &str = "the source told less than it promised: by this answer nothing is closed";

/// What is judged for one asset.
pub(super) struct Case<'a> {
    pub organization: &'a Organization,
    pub bucket: Bucket,
    pub asset: &'a Asset,
    pub register: &'a Register,
    /// The fresh answer; `None`: time or rules act alone.
    pub answer: Option<&'a Answer>,
    /// What was asked for the asset this month, with this answer.
    pub usage: Option<Usage>,
}

impl Case<'_> {
    /// Seconds between polls of the asset.
    fn interval(&self) -> i64 {
        i64::from(self.asset.poll_interval.unwrap_or(self.organization.settings.poll_interval))
    }
}

/// Stores what an answer means, with the group in the last batch. Returns the member as it stands then.
pub(super) async fn settle(app: &App, case: &Case<'_>, group: u32) -> Result<Member, Error> {
    for _ in 0..TRIES {
        let org = &case.organization.id;
        let mut session = app.open_ledger(org, &case.organization.name, case.bucket).await?;
        let grounds = Grounds::read(app, case.organization).await?;
        let rules = grounds.rules();
        let mut poll_group = PollGroup::read(app, session.partition(), group).await?;
        let Some(place) = poll_group.members.iter().position(|m| m.asset == case.asset.id.ulid) else {
            return Ok(Member::new(&case.asset.id, app.now()));
        };
        let now = app.now();
        let mut stored = load(app, session.partition(), case.asset).await?;
        stored.stored.silences = silences(&poll_group.members[place], case.interval(), now);
        let settings = case.organization.settings.judging();
        let mine = |ip| case.register.owners().owner(ip, &case.asset.id) == case.asset.id;
        let looks: Vec<Look<'_>> = case
            .answer
            .iter()
            .flat_map(|a| {
                a.hosts.iter().filter(|h| mine(h.ip)).map(|seen| Look { seen, whole: a.whole, asked: &a.asked })
            })
            .collect();
        let question =
            Question { asset: case.asset, stored: &stored.stored, looks: &looks, rules, settings: &settings, now };
        let before = poll_group.members[place].clone();
        let patience = Patience::of(&before, now);
        let decided = decide_with(&question, grounds.beside(patience.lasts(now)));
        let polled = case.answer.is_some_and(|answer| !answer.by_itself);
        let first_poll = !before.first_done && polled;
        let mut decisions = stored.decisions(&decided, case.asset, first_poll, now)?;
        let member = &mut poll_group.members[place];
        advance(member, case, now);
        member.judged_by = grounds.judged_by(case.organization, case.asset);
        member.told = super::told::told(case.asset, &stored, &decided);
        let watched = Watched::of(&stored.stored, &decided);
        watch(app, org, case.asset, &watched, &before.watched, &grounds.book).await?;
        member.watched = watched.hash;
        let (forgotten, forget_next) = stored.forgettable(&decided, now);
        member.awaits = patience.after(&decided, now);
        let loses_it = member.awaits.filter(|_| decided.awaits_facts).map(Patience::end);
        member.wake = [decided.wake, forget_next, loses_it].into_iter().flatten().min().map(|w| w.max(now));
        let mut last = Decision::default();
        if decided.became_stale {
            member.status = MonitoringState::Stale;
            last.drafts.push(asset_event(EventType::AssetStale, case.asset, member));
        }
        if before.status == MonitoringState::Failing && polled {
            last.drafts.push(asset_event(EventType::AssetRecovered, case.asset, member));
        }
        if first_poll {
            let mut draft = asset_event(EventType::AssetFirstPolled, case.asset, member);
            draft.first_poll = true;
            draft.parts.push(("summary", summary(&decided, session.head().events)));
            last.drafts.push(draft);
        }
        let settled = member.clone();
        last.ops.extend(forgotten);
        last.ops.push(poll_group.op()?);
        decisions.push(last);
        match session.commit(decisions).await {
            Ok(events) => {
                log(case.asset, &events);
                return Ok(settled);
            }
            Err(CommitError::Overtaken | CommitError::Unknown) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy)
}

fn log(asset: &Asset, events: &[Event]) {
    if !events.is_empty() {
        tracing::info!(asset = %asset.id, events = events.len(), "poll changed what is known");
    }
}

/// Writes an answer into the member: when it was polled, when it is due again, how it stands.
pub(super) fn advance(member: &mut Member, case: &Case<'_>, now: Timestamp) {
    let Some(answer) = case.answer else { return };
    if answer.by_itself {
        member.observed = answer.observed().max(member.observed);
        member.seen = Seen::read(&member.seen).after(&answer.hosts, false, case.asset.kind(), now);
        return;
    }
    member.silences = silences(member, case.interval(), now);
    member.due = later(now, case.interval());
    member.polled = Some(now);
    member.observed = answer.observed().max(member.observed);
    member.seen = Seen::read(&member.seen).after(&answer.hosts, !answer.news, case.asset.kind(), now);
    member.usage = case.usage.unwrap_or(member.usage);
    member.first_done = true;
    member.failures = 0;
    member.error = None;
    let known = if answer.news {
        // What was asked for is what is new: silence about the rest says nothing.
        member.observed.is_some()
    } else {
        member.answer = answer.hash();
        if answer.whole {
            member.whole = Some(now);
        } else {
            member.whole = now.checked_sub(HALF_A_LOOK).ok().max(member.whole);
            member.error = Some(IN_PART.to_owned());
        }
        member.source = answer.source;
        !answer.hosts.is_empty()
    };
    member.status = if known { MonitoringState::Ok } else { MonitoringState::UnknownToSource };
}

/// Writes a failure into the member: tried again soon, later and later.
pub(super) fn fail(member: &mut Member, case: &Case<'_>, reason: &str, now: Timestamp) {
    let interval = case.interval();
    member.failures = member.failures.saturating_add(1);
    let wait = RETRY.saturating_mul(1 << member.failures.min(10)).min(interval.max(RETRY));
    member.due = later(now, wait);
    member.status = MonitoringState::Failing;
    member.error = Some(reason.to_owned());
}

/// Writes into the member that it waits for something that polls cannot bring about, such as a plan or credits.
pub(super) fn postpone(member: &mut Member, case: &Case<'_>, reason: &str, now: Timestamp) {
    member.due = later(now, case.interval().max(LEAST_WAIT));
    member.status = MonitoringState::Failing;
    member.error = Some(reason.to_owned());
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// An event about an asset's monitoring.
pub(super) fn asset_event(kind: EventType, asset: &Asset, member: &Member) -> domain::event::Draft {
    let monitoring: Value = json!({"status": member.status, "lastError": member.error, "lastPolledAt": member.polled});
    let parts = vec![("asset", domain::payload::asset_part(asset)), ("monitoring", monitoring)];
    findings::plain(kind, asset, parts, false)
}
