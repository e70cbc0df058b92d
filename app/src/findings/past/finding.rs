use std::collections::BTreeMap;
use std::sync::Arc;

use domain::actor::{Actor, ActorKind};
use domain::finding::{Finding, FindingState, Triage, TriageReason};
use domain::ids::Bucket;
use domain::replay::FindingThen;
use domain::role::Action;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Past, PastPage, page};
use crate::access::Caller;
use crate::findings::filter::FindingFilter;
use crate::findings::sieve::Sieve;
use crate::findings::stored::{alias, all, read_finding};
use crate::ports::StoreError;
use crate::{App, Error, ledger};

/// A finding now and then.
#[derive(Clone, Debug)]
pub struct FindingSnapshot {
    /// As it is.
    pub now: Arc<Finding>,
    /// As it was: everything that its events tell; what they do not tell is as it is now.
    pub then: Finding,
}

/// The findings that were known at an instant and match as they were then, the greatest risk first.
pub async fn findings_at(
    app: &App,
    caller: &Caller,
    at: Timestamp,
    filter: &FindingFilter,
    wanted: (Option<&str>, usize),
) -> Result<PastPage<FindingSnapshot>, Error> {
    caller.may(Action::Read)?;
    let past = Past::read(app, &caller.org, at).await?;
    let sieve = Sieve::new_at(app, caller, filter, at).await?;
    let is_now = at == app.now();
    let mut matching = Vec::new();
    for now in present(app, caller).await? {
        let then = if is_now {
            now.clone()
        } else {
            let told = past.known.findings.get(&now.id);
            let Some(then) = as_it_was(&now, told, &past.decided, at) else { continue };
            then
        };
        if sieve.takes(&then) {
            let key = format!("{:03}:{}", 100_u8.saturating_sub(then.risk_score), then.id);
            matching.push((key, FindingSnapshot { now: Arc::new(now), then }));
        }
    }
    Ok(page(matching, past.told_to, wanted))
}

/// All findings as they are: also those whose events are not kept any more.
async fn present(app: &App, caller: &Caller) -> Result<Vec<Finding>, StoreError> {
    let partition = ledger::partition(&caller.org, Bucket::default());
    let rows = all(&*app.tables, &partition, "f|").await?;
    rows.iter().filter(|row| alias(row).is_none()).map(|row| Ok(read_finding(row)?.finding)).collect()
}

/// The fields of which events tell are as the last one told. `None`: it was not known then.
fn as_it_was(
    now: &Finding,
    told: Option<&FindingThen>,
    decided: &BTreeMap<String, Timestamp>,
    at: Timestamp,
) -> Option<Finding> {
    if now.updated_at <= at {
        // Nothing happened since but that it was seen again, perhaps as of a day before.
        let seen = told.map_or(now.updated_at, |told| told.fields.last_observed_at);
        return Some(Finding { last_observed_at: seen.min(now.last_observed_at), ..now.clone() });
    }
    let told = told?;
    let then = &told.fields;
    Some(Finding {
        asset: told.asset.clone().unwrap_or_else(|| now.asset.clone()),
        title: then.title.clone(),
        severity: then.severity,
        confidence: then.confidence,
        state: then.state,
        resolution: then.resolution,
        risk_score: then.risk_score,
        risk_factors: then.risk_factors.clone(),
        due_at: then.due_at,
        forensics_required: then.forensics_required,
        opened_at: then.opened_at,
        last_observed_at: then.last_observed_at,
        resolved_at: then.resolved_at,
        reopen_count: then.reopen_count,
        revision: then.revision,
        updated_at: told.since,
        assignee: then.assignee.as_ref().and_then(|part| assignee(now, part)),
        triage: then.triage.as_ref().and_then(|part| triage(now, part, decided)),
        ..now.clone()
    })
}

/// Events name people without their ids.
fn assignee(now: &Finding, part: &Value) -> Option<Actor> {
    let text = |name: &str| part[name].as_str().map(str::to_owned);
    let (name, email) = (text("name")?, text("email"));
    let same = now.assignee.as_ref().filter(|actor| actor.email == email && email.is_some());
    Some(same.cloned().unwrap_or(Actor { kind: ActorKind::User, id: None, name, email }))
}

/// A decision as events tell it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    id: String,
    state: FindingState,
    reason: Option<TriageReason>,
    note: Option<String>,
    by: Actor,
    approved_by: Option<String>,
    until: Option<Timestamp>,
}

fn triage(now: &Finding, part: &Value, decided: &BTreeMap<String, Timestamp>) -> Option<Triage> {
    let told = Told::deserialize(part).ok()?;
    if let Some(same) = now.triage.as_ref().filter(|triage| triage.id == told.id) {
        return Some(same.clone());
    }
    Some(Triage {
        at: decided.get(&told.id).copied()?,
        id: told.id,
        state: told.state,
        reason: told.reason,
        note: told.note,
        by: told.by,
        until: told.until,
        tripwires: Vec::new(),
        approved_by: told.approved_by,
        epss_above: None,
    })
}
