use domain::event::Change;
use domain::finding::{FindingState, POLICY, TriageReason, Tripwire};
use domain::policy::{FindingMatch, TriagePolicy};
use domain::role::Action;
use jiff::Timestamp;
use serde_json::Value;

use super::check::Faults;
use super::store::{POLICIES, all, partition, read, write};
use super::{MOST_POLICIES, reach};
use crate::access::Caller;
use crate::audit::{Act, Deed};
use crate::ports::Table;
use crate::repeat::{Before, ClientRequest};
use crate::{App, Error, UserError, UserErrorCode};

/// A policy to be made.
#[derive(Clone, Debug)]
pub struct NewPolicy {
    /// What people call it.
    pub name: String,
    /// What it decides about: a filter of findings as JSON, with those fields that say what a finding is.
    pub findings: Value,
    /// ACCEPTED or `FALSE_POSITIVE`.
    pub state: FindingState,
    /// Why.
    pub reason: TriageReason,
    /// In words.
    pub note: String,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// Until when.
    pub until: Timestamp,
    /// What ends its decision about a finding early.
    pub tripwires: Vec<Tripwire>,
    /// So does an EPSS probability above this.
    pub epss_above: Option<f64>,
}

const TRIES: usize = 8;

/// Makes a policy and says how many findings it decides about now; with `dry_run` it only says so. It is applied at the next
/// tick, and to what opens from now on before anybody is told.
pub async fn create_policy(
    app: &App,
    caller: &Caller,
    new: NewPolicy,
    dry_run: bool,
    request: Option<&ClientRequest>,
) -> Result<(Option<TriagePolicy>, usize), Error> {
    caller.may(Action::ManageRules)?;
    let slot = match request.filter(|_| !dry_run) {
        Some(request) => {
            match request.before::<(String, usize)>(app, Table::Accounts, &partition(&caller.org)).await? {
                Before::Answered((id, matched)) => {
                    let found = read::<TriagePolicy>(app, &caller.org, &key(&id)).await?;
                    return Ok((found.map(|(policy, _)| policy), matched));
                }
                Before::Not(slot) => Some(slot),
            }
        }
        None => None,
    };
    let policy = checked(app, caller, new)?;
    let matched = reach::would_match(app, caller, &policy).await?;
    if dry_run {
        return Ok((None, matched));
    }
    let policies: Vec<TriagePolicy> = all(app, &caller.org, POLICIES).await?;
    if policies.iter().filter(|policy| policy.is_active(app.now())).count() >= MOST_POLICIES {
        let message = format!("at most {MOST_POLICIES} policies that hold: end one first");
        return Err(UserError::general(UserErrorCode::QuotaExceeded, message).into());
    }
    let act = Act::of(caller, Deed::PolicyCreated, (&policy.id, &policy.name)).changing(told(&policy)).op(app)?;
    let mut more = vec![act];
    if let Some(slot) = slot {
        more.push(slot.fill(app, &(policy.id.clone(), matched))?);
    }
    if write(app, &caller.org, (key(&policy.id), &policy), None, more).await? {
        Ok((Some(policy), matched))
    } else {
        Err(Error::Busy)
    }
}

/// Ends a policy and says how many findings it lets go: they open again at the next tick.
pub async fn end_policy(app: &App, caller: &Caller, id: &str, note: &str) -> Result<(TriagePolicy, usize), Error> {
    caller.may(Action::ManageRules)?;
    let mut faults = Faults::default();
    explained(&mut faults, note);
    faults.end()?;
    let matched = reach::decided_by(app, caller, id).await?;
    for _ in 0..TRIES {
        let found = if id.starts_with(POLICY) { read::<TriagePolicy>(app, &caller.org, &key(id)).await? } else { None };
        let (before, etag) = found.ok_or_else(|| UserError::of(UserErrorCode::NotFound, "id", "no such policy"))?;
        if !before.is_active(app.now()) {
            return Ok((before, 0));
        }
        let after = TriagePolicy { ended_at: Some(app.now()), ended_by: Some(caller.actor.clone()), ..before };
        let why = Change { field: "note".into(), before: None, after: Some(note.trim().to_owned()) };
        let act = Act::of(caller, Deed::PolicyEnded, (id, &after.name)).changing(vec![why]).op(app)?;
        if write(app, &caller.org, (key(id), &after), Some(etag), vec![act]).await? {
            return Ok((after, matched));
        }
    }
    Err(Error::Busy)
}

pub(super) fn key(id: &str) -> String {
    format!("{POLICIES}{id}")
}

fn checked(app: &App, caller: &Caller, new: NewPolicy) -> Result<TriagePolicy, Error> {
    let mut faults = Faults::default();
    faults.name(&new.name);
    explained(&mut faults, &new.note);
    faults.text("approvedBy", new.approved_by.as_deref().unwrap_or_default());
    if !matches!(new.state, FindingState::Accepted | FindingState::FalsePositive) {
        faults.add(UserErrorCode::Invalid, "state", "ACCEPTED or FALSE_POSITIVE");
    }
    if new.until <= app.now() {
        faults.add(UserErrorCode::Invalid, "until", "the end lies in the past");
    }
    if new.epss_above.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
        faults.add(UserErrorCode::Invalid, "epssAbove", "a probability between 0 and 1");
    }
    let findings: Result<FindingMatch, _> = serde_json::from_value(new.findings);
    match &findings {
        Ok(all) if *all == FindingMatch::default() => {
            faults.add(
                UserErrorCode::Required,
                "findings",
                "say which findings: a policy never decides about all of them",
            );
        }
        Ok(_) => {}
        Err(error) => {
            let message = format!("a policy decides by what a finding is, not by how it stands: {error}");
            faults.add(UserErrorCode::Invalid, "findings", message);
        }
    }
    faults.end()?;
    Ok(TriagePolicy {
        id: format!("{POLICY}{}", app.ulid()),
        name: new.name.trim().to_owned(),
        findings: findings.unwrap_or_default(),
        state: new.state,
        reason: new.reason,
        note: new.note.trim().to_owned(),
        approved_by: new.approved_by,
        created_by: caller.actor.clone(),
        created_at: app.now(),
        until: new.until,
        tripwires: new.tripwires,
        epss_above: new.epss_above,
        ended_at: None,
        ended_by: None,
    })
}

/// Who decides about many findings at once says why.
fn explained(faults: &mut Faults, note: &str) {
    if note.trim().is_empty() {
        faults.add(UserErrorCode::Required, "note", "say why");
    }
    faults.text("note", note);
}

/// What the audit log tells of a new policy.
fn told(policy: &TriagePolicy) -> Vec<Change> {
    let findings = serde_json::to_string(&reach::shown(&policy.findings)).unwrap_or_default();
    [
        Change::between("findings", None, Some(findings)),
        Change::between("state", None, Some(policy.state.as_str().to_owned())),
        Change::between("until", None, Some(policy.until.to_string())),
        Change::between("approvedBy", None, policy.approved_by.clone()),
    ]
    .into_iter()
    .flatten()
    .collect()
}
