use domain::asset::Asset;
use domain::event::EventType;
use domain::ids::Bucket;
use domain::rule::RuleSet;
use tokio::time::Instant;

use super::answer::Answer;
use super::ask::ask;
use super::group::{Member, PollGroup};
use super::judge::{Case, advance, asset_event, fail, judged_by, settle};
use super::source::{self, Trouble};
use super::tick::DueGroup;
use crate::access::Organization;
use crate::assets::Register;
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
}

impl RoundReport {
    pub(super) fn add(&mut self, other: &Self) {
        self.polled += other.polled;
        self.unchanged += other.unchanged;
        self.failed += other.failed;
        self.left += other.left;
    }
}

/// So many assets in a row without an answer: it is the source, not the assets.
const SOURCE_IS_DOWN: usize = 3;
const TRIES: usize = 8;

/// The due groups of one organization, asked with one key.
pub(super) struct Round<'a> {
    pub app: &'a App,
    pub key: &'a SourceKey,
    pub organization: &'a Organization,
    pub deadline: Instant,
}

/// What is written with the group when its members are done: members about which nothing was new, and failures.
#[derive(Default)]
struct Quiet {
    members: Vec<Member>,
    failed: Vec<(Asset, Member)>,
    gone: Vec<String>,
}

impl Round<'_> {
    pub(super) async fn run(&self, groups: &[DueGroup]) -> Result<RoundReport, Error> {
        let mut report = RoundReport::default();
        let mut trouble: Option<Trouble> = None;
        for due in groups {
            let mut quiet = Quiet::default();
            let asked = self.group(due, &mut quiet, &mut report, &mut trouble).await;
            self.flush(due, &quiet).await?;
            let group = PollGroup::read(self.app, &ledger::partition(&due.org, due.bucket), due.group).await?;
            group.rehint(self.app, &due.org, due.bucket, &due.hint).await?;
            asked?;
        }
        source::settle(self.app, self.organization, self.key, trouble, report.polled > 0).await?;
        if report.polled > 0 {
            super::account::look(self.app, self.key, self.deadline).await?;
        }
        Ok(report)
    }

    async fn group(
        &self,
        due: &DueGroup,
        quiet: &mut Quiet,
        report: &mut RoundReport,
        trouble: &mut Option<Trouble>,
    ) -> Result<(), Error> {
        let app = self.app;
        let group = PollGroup::read(app, &ledger::partition(&due.org, due.bucket), due.group).await?;
        let mut register = Register::read(app, &due.org).await?;
        let mut members: Vec<Member> = group.members.into_iter().filter(|m| m.next() <= app.now()).collect();
        members.sort_by_key(Member::next);
        let mut silent = 0;
        for member in members {
            let Some(asset) = register.assets().find(|a| a.id.ulid == member.asset).cloned() else {
                quiet.gone.push(member.asset);
                continue;
            };
            if asset.retired_at.is_some() || !asset.enabled {
                quiet.members.push(self.paused(&asset, member));
                continue;
            }
            let out_of_time = Instant::now() >= self.deadline;
            let stopped = trouble.is_some() || silent >= SOURCE_IS_DOWN;
            let wants_answer = member.due <= app.now();
            if out_of_time || (stopped && wants_answer) {
                report.left += 1;
                continue;
            }
            if !wants_answer {
                self.settle(due, &asset, &register, None).await?;
                continue;
            }
            match ask(app, self.key, &asset).await {
                Ok(answer) => {
                    silent = 0;
                    report.polled += 1;
                    let asset = self.take_addresses(&mut register, asset, &answer).await?;
                    if self.nothing_new(&asset, &member, &answer) {
                        report.unchanged += 1;
                        quiet.members.push(self.advanced(&asset, &register, due.bucket, member, &answer));
                    } else {
                        self.settle(due, &asset, &register, Some(&answer)).await?;
                    }
                }
                Err(error) => {
                    report.failed += 1;
                    silent += usize::from(matches!(error, SourceError::Unavailable(_)));
                    *trouble = trouble.take().or_else(|| source::trouble(&error));
                    if silent >= SOURCE_IS_DOWN {
                        *trouble = trouble.take().or(Some(Trouble::down(&error)));
                    }
                    if source::trouble(&error).is_none() {
                        quiet.failed.push((asset.clone(), self.failed(&asset, &register, due.bucket, member, &error)));
                    }
                }
            }
        }
        Ok(())
    }

    fn nothing_new(&self, asset: &Asset, member: &Member, answer: &Answer) -> bool {
        member.first_done
            && member.answer == answer.hash()
            && member.judged_by == judged_by(self.organization, asset, RuleSet::built_in())
            && member.wake.is_none_or(|wake| wake > self.app.now())
    }

    async fn settle(
        &self,
        due: &DueGroup,
        asset: &Asset,
        register: &Register,
        answer: Option<&Answer>,
    ) -> Result<(), Error> {
        super::adopt::adopt(self.app, self.organization, register, asset, answer).await?;
        let case = Case { organization: self.organization, bucket: due.bucket, asset, register, answer };
        settle(self.app, &case, due.group).await.map(|_| ())
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

    fn case<'b>(
        &'b self,
        asset: &'b Asset,
        register: &'b Register,
        bucket: Bucket,
        answer: Option<&'b Answer>,
    ) -> Case<'b> {
        Case { organization: self.organization, bucket, asset, register, answer }
    }

    fn advanced(
        &self,
        asset: &Asset,
        register: &Register,
        bucket: Bucket,
        mut member: Member,
        answer: &Answer,
    ) -> Member {
        advance(&mut member, &self.case(asset, register, bucket, Some(answer)), self.app.now());
        member
    }

    fn failed(
        &self,
        asset: &Asset,
        register: &Register,
        bucket: Bucket,
        mut member: Member,
        error: &SourceError,
    ) -> Member {
        fail(&mut member, &self.case(asset, register, bucket, None), &error.to_string(), self.app.now());
        member
    }

    fn paused(&self, asset: &Asset, member: Member) -> Member {
        let interval = i64::from(asset.poll_interval.unwrap_or(self.organization.settings.poll_interval));
        let due = self.app.now().checked_add(jiff::SignedDuration::from_secs(interval)).unwrap_or(jiff::Timestamp::MAX);
        Member { due, wake: None, status: domain::asset::MonitoringState::Paused, ..member }
    }

    /// Writes what is quiet: one commit for the whole group.
    async fn flush(&self, due: &DueGroup, quiet: &Quiet) -> Result<(), Error> {
        if quiet.members.is_empty() && quiet.failed.is_empty() && quiet.gone.is_empty() {
            return Ok(());
        }
        for _ in 0..TRIES {
            let mut session = self.app.open_ledger(&due.org, &self.organization.name, due.bucket).await?;
            let mut group = PollGroup::read(self.app, session.partition(), due.group).await?;
            group.members.retain(|m| !quiet.gone.contains(&m.asset));
            let mut drafts = Vec::new();
            for (asset, member) in &quiet.failed {
                // Told once per streak, and only where the cause is this asset's alone.
                if member.failures == 1 && member.error.as_deref().is_some_and(|e| !e.contains("not available")) {
                    drafts.push(asset_event(EventType::AssetPollFailed, asset, member));
                }
            }
            for fresh in quiet.members.iter().chain(quiet.failed.iter().map(|(_, m)| m)) {
                if let Some(member) = group.members.iter_mut().find(|m| m.asset == fresh.asset) {
                    member.clone_from(fresh);
                }
            }
            let decision = Decision { ops: vec![group.op()?], drafts, ..Decision::default() };
            match session.commit(vec![decision]).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Overtaken | CommitError::Unknown) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }
}
