use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::asset::Asset;
use domain::finding::Finding;
use domain::ids::{AssetId, Bucket, FindingId};
use domain::lifecycle::{self, Transition};
use jiff::Timestamp;

use super::stored::{StoredAsset, alias, load, read_finding};
use crate::access::Caller;
use crate::assets::Register;
use crate::ledger::{CommitError, Decision};
use crate::poll::PollGroup;
use crate::ports::Table;
use crate::{App, Error, UserError, UserErrorCode};

const TRIES: usize = 8;
/// Findings that are decided and committed together: about two batches.
const TOGETHER: usize = 40;
/// Findings of one request.
pub(super) const MOST: usize = 1000;

/// Takes findings through the same transition of a person's, each for itself: the findings as they are now, and which ids
/// there are none of. What is like that already is left alone, so a repeat does nothing twice.
pub(super) async fn transitions(
    app: &App,
    caller: &Caller,
    (field, ids): (&str, &[FindingId]),
    act: impl Fn(&Finding, Timestamp) -> Result<Option<Transition>, UserError>,
) -> Result<(Vec<Finding>, Vec<UserError>), Error> {
    let (mut findings, mut faults) = (Vec::new(), Vec::new());
    for (several, first) in ids.chunks(TOGETHER).zip((0..).step_by(TOGETHER)) {
        for (number, outcome) in (first..).zip(together(app, caller, several, &act).await?) {
            match outcome {
                Ok(finding) => findings.push(finding),
                Err(fault) => {
                    let field = vec!["input".into(), field.into(), number.to_string()];
                    faults.push(UserError { field, ..fault });
                }
            }
        }
    }
    Ok((findings, faults))
}

type Outcome = Result<Finding, UserError>;

async fn together(
    app: &App,
    caller: &Caller,
    ids: &[FindingId],
    act: &impl Fn(&Finding, Timestamp) -> Result<Option<Transition>, UserError>,
) -> Result<Vec<Outcome>, Error> {
    for _ in 0..TRIES {
        let mut session = app.open_ledger(&caller.org, &caller.organization, Bucket::default()).await?;
        let register = Register::read(app, &caller.org).await?;
        let keys: Vec<String> = ids.iter().map(FindingId::row).collect();
        let rows = app.tables.get_many(Table::Exposure, session.partition(), &keys).await?;
        let now = app.now();
        let mut work = Work { app, caller, stored: BTreeMap::new(), groups: BTreeMap::new() };
        let mut outcomes: Vec<Outcome> = Vec::new();
        let mut decisions = Vec::new();
        for (at, (id, row)) in ids.iter().zip(rows).enumerate() {
            let found = match row.filter(|row| alias(row).is_none()) {
                Some(row) => Some(read_finding(&row)?.finding).filter(|f| f.id == *id),
                None => None,
            };
            let found = found.and_then(|f| register.find(&f.asset).map(|asset| (f, asset)));
            // Named twice, it answers twice the same.
            let again = ids[..at].iter().position(|earlier| earlier == id);
            let outcome = match (again, found) {
                (Some(earlier), _) => outcomes[earlier].clone(),
                (None, Some((finding, asset))) => match act(&finding, now) {
                    Ok(Some(step)) => {
                        decisions.push(work.decide(session.partition(), asset, &step, now).await?);
                        Ok(step.after)
                    }
                    Ok(None) => Ok(finding),
                    Err(fault) => Err(fault),
                },
                (None, None) => Err(UserError::general(UserErrorCode::NotFound, "no such finding")),
            };
            outcomes.push(outcome);
        }
        if decisions.is_empty() {
            return Ok(outcomes);
        }
        // Groups go first: a wake too early does no harm, one that got lost would.
        let ops =
            work.groups.values().filter(|(_, new)| *new).map(|(group, _)| group.op()).collect::<Result<Vec<_>, _>>()?;
        if !ops.is_empty() {
            decisions.insert(0, Decision { ops, ..Decision::default() });
        }
        match session.commit(decisions).await {
            Ok(_) => return Ok(outcomes),
            Err(CommitError::Overtaken | CommitError::Unknown) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy)
}

/// What was read for findings that are decided together.
struct Work<'a> {
    app: &'a App,
    caller: &'a Caller,
    stored: BTreeMap<AssetId, StoredAsset>,
    /// The poll groups of their assets, and whether time has something new to do for them.
    groups: BTreeMap<u32, (PollGroup, bool)>,
}

impl Work<'_> {
    async fn decide(
        &mut self,
        partition: &str,
        asset: &Asset,
        step: &Transition,
        now: Timestamp,
    ) -> Result<Decision, Error> {
        let stored = match self.stored.entry(asset.id.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(slot) => slot.insert(load(self.app, partition, asset).await?),
        };
        let decision = stored.decision(step, asset, false, now);
        stored.note(asset, &step.after);
        // What time will do to the decision (its end, its notice) is the timer's: it has to know when.
        if let Some(wake) = lifecycle::wake(&step.after, now) {
            let (group, new) = match self.groups.entry(asset.group) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(slot) => slot.insert((PollGroup::read(self.app, partition, asset.group).await?, false)),
            };
            if group.wake_by(&asset.id, wake) {
                PollGroup::hint_at(self.app, &self.caller.org, asset.id.bucket, group.id, wake).await?;
                *new = true;
            }
        }
        Ok(decision)
    }
}
