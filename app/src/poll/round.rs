use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::asset::{Asset, MonitoringState};
use domain::event::EventType;
use domain::ids::{AssetId, Bucket};
use futures_util::StreamExt;
use tokio::time::Instant;

use super::answer::Answer;
use super::ask::{Asked, carry_out};
use super::budget::{self, Budget, Spent};
use super::grounds::stamp;
use super::group::{Member, PollGroup, move_hints};
use super::judge::{Case, advance, asset_event, fail, postpone, settle};
use super::plan::{Call, Item, Means, plan};
use super::purse::Purse;
use super::seen::Seen;
use super::source::{self, Trouble};
use super::tick::DueGroup;
use crate::access::Organization;
use crate::assets::Register;
use crate::intelligence::Inquiry;
use crate::judging::Ruling;
use crate::ledger::{CommitError, Decision};
use crate::ports::{Commit, SourceError, SourceKey};
use crate::{App, Error, ledger};

/// What a round did.
#[derive(Clone, Debug, Default)]
pub(super) struct RoundReport {
    pub polled: usize,
    pub unchanged: usize,
    pub failed: usize,
    pub left: usize,
    /// Assets that were judged.
    pub decided: usize,
}

impl RoundReport {
    pub(super) fn add(&mut self, other: &Self) {
        self.polled += other.polled;
        self.unchanged += other.unchanged;
        self.failed += other.failed;
        self.left += other.left;
        self.decided += other.decided;
    }
}

/// So many assets in a row without an answer: it is the source, not the assets.
const SOURCE_IS_DOWN: usize = 3;
const TRIES: usize = 8;
/// So many groups are planned, asked about and written together.
const GROUPS: usize = 32;
/// So many calls are on their way at once: the governor hands out turns to all that wait with one write.
const SIDE_BY_SIDE: usize = 10;

/// The due groups of one organization, asked with one key.
pub(super) struct Round<'a> {
    pub app: &'a App,
    pub key: &'a SourceKey,
    pub organization: &'a Organization,
    pub deadline: Instant,
    /// Only this asset, all of it, now.
    pub only: Option<&'a AssetId>,
}

/// What is written with a group when all is asked: members about which nothing was new, and failures.
#[derive(Default)]
struct Quiet {
    members: Vec<Member>,
    failed: Vec<(Asset, Member)>,
    gone: Vec<String>,
}

impl Quiet {
    fn is_empty(&self) -> bool {
        self.members.is_empty() && self.failed.is_empty() && self.gone.is_empty()
    }
}

/// What a sweep over some groups has met so far.
struct Sweep<'a> {
    groups: &'a [DueGroup],
    bucket: Bucket,
    register: Register,
    ruling: Arc<Ruling>,
    items: Vec<Item>,
    quiet: Vec<Quiet>,
    report: RoundReport,
    trouble: Option<Trouble>,
    silent: usize,
    spent: Spent,
    /// What may still be asked of publishers before anything is decided.
    inquiry: Inquiry,
}

impl Round<'_> {
    pub(super) async fn run(&self, groups: &[DueGroup]) -> Result<RoundReport, Error> {
        let mut report = RoundReport::default();
        let mut trouble: Option<Trouble> = None;
        // What is left of the plan, and a question for each group at least.
        self.announce(1 + groups.len());
        let mut purse = Purse::open(self.app, self.key, self.deadline).await?;
        for several in groups.chunk_by(|a, b| a.bucket == b.bucket).flat_map(|bucket| bucket.chunks(GROUPS)) {
            let mut sweep = self.gather(several).await?;
            sweep.trouble = trouble.take();
            let asked = self.sweep(&mut sweep, purse.budget()).await;
            let stand = self.flush(&sweep).await?;
            self.rehint(several, &stand).await?;
            purse.spend(&sweep.spent).await?;
            report.add(&sweep.report);
            trouble = sweep.trouble;
            asked?;
        }
        let budget = purse.close().await?;
        let used_up = || Trouble::used_up(&budget, self.app.now());
        let trouble = trouble.or_else(used_up);
        source::settle(self.app, self.organization, self.key, trouble, report.polled > 0, &budget).await?;
        Ok(report)
    }

    /// So many questions follow.
    fn announce(&self, questions: usize) {
        self.app.exposure.announce(self.key, u32::try_from(questions).unwrap_or(u32::MAX));
    }

    /// The members that are due, with their assets.
    async fn gather<'a>(&self, groups: &'a [DueGroup]) -> Result<Sweep<'a>, Error> {
        let now = self.app.now();
        let bucket = groups.first().map(|g| g.bucket).unwrap_or_default();
        let partition = ledger::partition(&self.organization.id, bucket);
        let ids: Vec<u32> = groups.iter().map(|g| g.group).collect();
        let register = Register::read(self.app, &self.organization.id).await?;
        let ruling = self.app.ruling(&self.organization.id).await?;
        let mut quiet: Vec<Quiet> = groups.iter().map(|_| Quiet::default()).collect();
        let mut items = Vec::new();
        for (place, group) in PollGroup::read_several(self.app, &partition, &ids).await?.into_iter().enumerate() {
            let wanted = |m: &Member| self.only.is_none_or(|id| id.ulid == m.asset);
            for mut member in group.members.into_iter().filter(|m| m.next() <= now && wanted(m)) {
                let id = AssetId { bucket, ulid: member.asset.clone() };
                match register.find(&id).cloned() {
                    None => quiet[place].gone.push(member.asset),
                    Some(asset) if asset.retired_at.is_some() || !asset.enabled => {
                        quiet[place].members.push(self.paused(&asset, member));
                    }
                    Some(asset) => {
                        if self.only.is_some() {
                            member.whole = None;
                        }
                        items.push(Item { group: place, asset, member });
                    }
                }
            }
        }
        items.sort_by_key(|item| item.member.next());
        let report = RoundReport::default();
        let spent = Spent::default();
        Ok(Sweep {
            groups,
            bucket,
            register,
            ruling,
            items,
            quiet,
            report,
            trouble: None,
            silent: 0,
            spent,
            inquiry: Inquiry::default(),
        })
    }

    /// Asks about the items and takes the answers in as they come.
    async fn sweep(&self, sweep: &mut Sweep<'_>, budget: &Budget) -> Result<(), Error> {
        let now = self.app.now();
        let (wanting, waking): (Vec<Item>, Vec<Item>) =
            std::mem::take(&mut sweep.items).into_iter().partition(|item| item.member.due <= now);
        // What only time acts on needs no answer.
        for item in &waking {
            if Instant::now() >= self.deadline {
                sweep.report.left += 1;
            } else {
                sweep.report.decided += 1;
                self.settle(sweep.bucket, item.group, sweep, &item.asset, None).await?;
            }
        }
        let means = match self.key {
            SourceKey::Shodan(_) => budget.means(now),
            SourceKey::InternetDb => Means::InternetDb,
        };
        let calls = plan(&wanting, means, now);
        self.announce(calls.len());
        let stopped = AtomicBool::new(sweep.trouble.is_some());
        let (app, key, deadline, items) = (self.app, self.key, self.deadline, &wanting);
        let asking: Vec<_> = calls
            .into_iter()
            .map(|call| {
                let stopped = &stopped;
                async move {
                    if stopped.load(Ordering::Relaxed) || Instant::now() >= deadline {
                        return (call, None);
                    }
                    let asked = carry_out(app, key, items, &call).await;
                    (call, Some(asked))
                }
            })
            .collect();
        let mut answers = futures_util::stream::iter(asking).buffer_unordered(SIDE_BY_SIDE);
        while let Some((call, asked)) = answers.next().await {
            match asked {
                Some(asked) => self.take(sweep, &wanting, &call, asked, budget).await?,
                None => sweep.report.left += about(&call),
            }
            if sweep.trouble.as_ref().is_some_and(Trouble::stops) || sweep.silent >= SOURCE_IS_DOWN {
                stopped.store(true, Ordering::Relaxed);
                self.announce(0);
            }
        }
        self.announce(0);
        Ok(())
    }

    /// Takes in what came of one call.
    async fn take(
        &self,
        sweep: &mut Sweep<'_>,
        items: &[Item],
        call: &Call,
        asked: Asked,
        budget: &Budget,
    ) -> Result<(), Error> {
        sweep.spent.calls += asked.calls;
        sweep.spent.credits += asked.credits;
        if asked.refused.is_some() {
            sweep.spent.refused = asked.refused;
        }
        let parts = u32::try_from(asked.results.len().max(1)).unwrap_or(u32::MAX);
        let month = budget::month(self.app.now());
        let silent = |r: &(usize, Result<Answer, SourceError>)| matches!(r.1, Err(SourceError::Unavailable(_)));
        // One call without an answer is one, however many assets it was about.
        sweep.silent = if asked.results.iter().all(silent) { sweep.silent + 1 } else { 0 };
        for (number, result) in asked.results {
            let item = &items[number];
            let mut member = item.member.clone();
            member.usage.add(month, asked.calls * 1000 / parts, asked.credits * 1000 / parts);
            match result {
                Ok(answer) => {
                    sweep.report.polled += 1;
                    let asset = self.take_addresses(&mut sweep.register, item.asset.clone(), &answer).await?;
                    if self.nothing_new(&sweep.ruling, &asset, &member, &answer) {
                        sweep.report.unchanged += 1;
                        let case = self.case(&asset, sweep, Some(&answer));
                        advance(&mut member, &case, self.app.now());
                        sweep.quiet[item.group].members.push(member);
                    } else {
                        sweep.report.decided += 1;
                        self.settle(sweep.bucket, item.group, sweep, &asset, Some((&answer, member.usage))).await?;
                    }
                }
                Err(_) if matches!(call, Call::Stuck(_)) && *self.key != SourceKey::InternetDb => {
                    sweep.report.left += 1;
                    let refused = budget.refusal(self.app.now()).map(|refused| refused.why.as_str());
                    let case = self.case(&item.asset, sweep, None);
                    postpone(&mut member, &case, refused.unwrap_or("no query credits are left"), self.app.now());
                    sweep.quiet[item.group].members.push(member);
                }
                Err(error) => self.take_error(sweep, item, member, &error),
            }
        }
        Ok(())
    }

    fn take_error(&self, sweep: &mut Sweep<'_>, item: &Item, mut member: Member, error: &SourceError) {
        sweep.report.failed += 1;
        if let Some(trouble) = source::trouble(error) {
            sweep.trouble.get_or_insert(trouble);
            return;
        }
        if sweep.silent >= SOURCE_IS_DOWN {
            sweep.trouble.get_or_insert_with(|| Trouble::down(error));
        }
        fail(&mut member, &self.case(&item.asset, sweep, None), &error.to_string(), self.app.now());
        sweep.quiet[item.group].failed.push((item.asset.clone(), member));
    }

    fn nothing_new(&self, ruling: &Ruling, asset: &Asset, member: &Member, answer: &Answer) -> bool {
        let known =
            if answer.news { Seen::read(&member.seen).has_all(&answer.hosts) } else { member.answer == answer.hash() };
        known
            && member.first_done
            && member.judged_by == stamp(ruling, self.organization, asset)
            && member.wake.is_none_or(|wake| wake > self.app.now())
    }

    async fn settle(
        &self,
        bucket: Bucket,
        group: usize,
        sweep: &Sweep<'_>,
        asset: &Asset,
        answer: Option<(&Answer, super::group::Usage)>,
    ) -> Result<(), Error> {
        let (answer, usage) = answer.unzip();
        let hosts = answer.map(|answer| answer.hosts.as_slice()).unwrap_or_default();
        sweep.inquiry.about(self.app, hosts, self.deadline).await?;
        super::adopt::adopt(self.app, self.organization, &sweep.register, asset, answer).await?;
        let case = Case { organization: self.organization, bucket, asset, register: &sweep.register, answer, usage };
        settle(self.app, &case, sweep.groups[group].group).await.map(|_| ())
    }

    /// A host name's addresses belong to it: the register knows them.
    async fn take_addresses(&self, register: &mut Register, asset: Asset, answer: &Answer) -> Result<Asset, Error> {
        let Some(addresses) = answer.addresses.as_ref().filter(|a| **a != asset.addresses) else { return Ok(asset) };
        let org = &self.organization.id;
        for _ in 0..TRIES {
            *register = Register::read(self.app, org).await?;
            let Some(current) = crate::assets::read_asset(&*self.app.tables, org, &asset.id).await? else {
                return Ok(asset);
            };
            let changed = Asset { addresses: addresses.clone(), ..current };
            if register.commit(self.app, org, std::slice::from_ref(&changed), Vec::new()).await? == Commit::Done {
                *register = Register::read(self.app, org).await?;
                return Ok(changed);
            }
        }
        Err(Error::Busy)
    }

    fn case<'b>(&'b self, asset: &'b Asset, sweep: &'b Sweep<'_>, answer: Option<&'b Answer>) -> Case<'b> {
        let register = &sweep.register;
        Case { organization: self.organization, bucket: sweep.bucket, asset, register, answer, usage: None }
    }

    fn paused(&self, asset: &Asset, member: Member) -> Member {
        let interval = i64::from(asset.poll_interval.unwrap_or(self.organization.settings.poll_interval));
        let due = self.app.now().checked_add(jiff::SignedDuration::from_secs(interval)).unwrap_or(jiff::Timestamp::MAX);
        Member { due, wake: None, status: MonitoringState::Paused, ..member }
    }

    /// Writes what is quiet, all groups together. Returns the groups as they stand then.
    async fn flush(&self, sweep: &Sweep<'_>) -> Result<Vec<PollGroup>, Error> {
        let ids: Vec<u32> = sweep.groups.iter().map(|g| g.group).collect();
        for _ in 0..TRIES {
            let organization = self.organization;
            let mut session = self.app.open_ledger(&organization.id, &organization.name, sweep.bucket).await?;
            let mut groups = PollGroup::read_several(self.app, session.partition(), &ids).await?;
            let mut decisions = Vec::new();
            for (group, quiet) in groups.iter_mut().zip(&sweep.quiet).filter(|(_, quiet)| !quiet.is_empty()) {
                decisions.push(written(group, quiet)?);
            }
            if decisions.is_empty() {
                return Ok(groups);
            }
            match session.commit(decisions).await {
                Ok(_) => return Ok(groups),
                Err(CommitError::Overtaken | CommitError::Unknown) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    async fn rehint(&self, due: &[DueGroup], groups: &[PollGroup]) -> Result<(), Error> {
        let app = self.app;
        let moved = due.iter().zip(groups).flat_map(|(due, group)| group.rehint(app, &due.org, due.bucket, &due.hints));
        Ok(move_hints(self.app, moved.collect()).await?)
    }
}

/// How many assets a call is about.
fn about(call: &Call) -> usize {
    match call {
        Call::Look(_) | Call::Stuck(_) => 1,
        Call::Whole(search) | Call::News(search) => search.items.len(),
    }
}

/// Writes what is quiet into its group.
fn written(group: &mut PollGroup, quiet: &Quiet) -> Result<Decision, Error> {
    group.members.retain(|m| !quiet.gone.contains(&m.asset));
    let mut drafts = Vec::new();
    for (asset, member) in &quiet.failed {
        // Told once per streak, and only where the cause is this asset's alone.
        if member.failures == 1 && member.error.as_deref().is_some_and(|e| !e.contains("not available")) {
            drafts.push(asset_event(EventType::AssetPollFailed, asset, member));
        }
    }
    let fresh = quiet.members.iter().chain(quiet.failed.iter().map(|(_, m)| m));
    let fresh: BTreeMap<&str, &Member> = fresh.map(|m| (m.asset.as_str(), m)).collect();
    for member in &mut group.members {
        if let Some(fresh) = fresh.get(member.asset.as_str()) {
            member.clone_from(fresh);
        }
    }
    Ok(Decision { ops: vec![group.op()?], drafts, ..Decision::default() })
}
