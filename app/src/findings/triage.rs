use domain::event::EventType;
use domain::finding::{Comment, Finding, FindingState, Triage, TriageReason, Tripwire};
use domain::ids::FindingId;
use domain::lifecycle::{self, Transition};
use domain::role::Action;
use jiff::Timestamp;

use super::stored::load;
use super::transitions::{MOST, transitions};
use crate::access::Caller;
use crate::assets::Register;
use crate::ledger::CommitError;
use crate::poll::PollGroup;
use crate::ports::Table;
use crate::repeat::{Before, ClientRequest};
use crate::{App, Error, UserError, UserErrorCode};

/// What a person decides about findings.
#[derive(Clone, Debug)]
pub struct TriageRequest {
    /// Which.
    pub ids: Vec<FindingId>,
    /// The new state.
    pub state: FindingState,
    /// Why.
    pub reason: Option<TriageReason>,
    /// In words.
    pub note: Option<String>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// What ends it early; `None`: the defaults.
    pub tripwires: Option<Vec<Tripwire>>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// Ends it when the EPSS probability passes this.
    pub epss_above: Option<f64>,
}

const TRIES: usize = 8;

/// Applies one decision to findings; each id answers for itself, the rest is applied. All get one triage id.
pub async fn triage(
    app: &App,
    caller: &Caller,
    request: &TriageRequest,
) -> Result<(Vec<Finding>, Vec<UserError>), Error> {
    caller.may(Action::Triage)?;
    let decision = check(app, caller, request)?;
    let act = |finding: &Finding, now| Ok(lifecycle::triage(finding, decision.clone(), now));
    transitions(app, caller, ("ids", &request.ids), act).await
}

fn check(app: &App, caller: &Caller, request: &TriageRequest) -> Result<Triage, Error> {
    let mut faults = Vec::new();
    let mut fault = |code, field: &str, message: &str| faults.push(UserError::of(code, field, message));
    if request.ids.len() > MOST {
        fault(UserErrorCode::TooMany, "ids", "at most 1000 findings at once");
    }
    let decides = matches!(request.state, FindingState::Accepted | FindingState::FalsePositive);
    if decides && request.reason.is_none() {
        fault(UserErrorCode::Required, "reason", "say why");
    }
    if request.state == FindingState::Accepted && request.until.is_none() {
        fault(UserErrorCode::Required, "until", "an accepted risk needs an end");
    }
    if request.until.is_some_and(|until| until <= app.now()) {
        fault(UserErrorCode::Invalid, "until", "the end lies in the past");
    }
    if request.note.as_ref().is_some_and(|n| n.chars().count() > 10_000) {
        fault(UserErrorCode::TooLong, "note", "at most 10000 characters");
    }
    if request.epss_above.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
        fault(UserErrorCode::Invalid, "epssAbove", "a probability between 0 and 1");
    }
    if !faults.is_empty() {
        return Err(Error::User(faults));
    }
    let defaults = || vec![Tripwire::AddedToKev, Tripwire::BecameVerified];
    Ok(Triage {
        id: format!("triage_{}", app.ulid()),
        state: request.state,
        reason: request.reason,
        note: request.note.clone(),
        by: caller.actor.clone(),
        at: app.now(),
        until: request.until.filter(|_| decides),
        tripwires: if decides { request.tripwires.clone().unwrap_or_else(defaults) } else { Vec::new() },
        approved_by: request.approved_by.clone(),
        epss_above: request.epss_above.filter(|_| decides),
    })
}

/// Writes about a finding.
pub async fn comment(app: &App, caller: &Caller, id: &FindingId, text: &str) -> Result<Finding, Error> {
    comment_once(app, caller, id, text, None).await
}

/// Writes about a finding once, however often the client repeats the request.
pub async fn comment_once(
    app: &App,
    caller: &Caller,
    id: &FindingId,
    text: &str,
    request: Option<&ClientRequest>,
) -> Result<Finding, Error> {
    caller.may(Action::Comment)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(UserError::of(UserErrorCode::Required, "text", "write something").into());
    }
    if text.chars().count() > 10_000 {
        return Err(UserError::of(UserErrorCode::TooLong, "text", "at most 10000 characters").into());
    }
    let comment_id = format!("comment_{}", app.ulid());
    let act = |finding: &Finding, now| {
        let mut after = finding.clone();
        after.comments.push(Comment {
            id: comment_id.clone(),
            author: caller.actor.clone(),
            at: now,
            text: text.to_owned(),
        });
        lifecycle::amend(finding, after, EventType::FindingCommented, now, caller.actor.clone())
    };
    let changed = transition(app, caller, id, request, act).await?;
    changed.ok_or_else(|| UserError::of(UserErrorCode::NotFound, "id", "no such finding").into())
}

/// Takes a finding through a transition of a person's. `None`: there is no such finding.
pub(super) async fn transition(
    app: &App,
    caller: &Caller,
    id: &FindingId,
    request: Option<&ClientRequest>,
    act: impl Fn(&Finding, Timestamp) -> Option<Transition>,
) -> Result<Option<Finding>, Error> {
    for _ in 0..TRIES {
        let mut session = app.open_ledger(&caller.org, &caller.organization, id.bucket).await?;
        let Some(found) = super::read::stored_finding(app, &caller.org, id).await? else { return Ok(None) };
        let slot = match request {
            Some(request) => match request.before::<()>(app, Table::Exposure, session.partition()).await? {
                Before::Answered(()) => return Ok(Some(found.finding)),
                Before::Not(slot) => Some(slot),
            },
            None => None,
        };
        let register = Register::read(app, &caller.org).await?;
        let Some(asset) = register.find(&found.finding.asset) else { return Ok(None) };
        let now = app.now();
        let Some(step) = act(&found.finding, now) else { return Ok(Some(found.finding)) };
        let stored = load(app, session.partition(), asset).await?;
        let mut decision = stored.decision(&step, asset, false, now);
        if let (EventType::FindingCommented, Some(draft)) =
            (step.event.unwrap_or(EventType::Test), decision.drafts.first_mut())
        {
            let text = step.after.comments.last().map(domain::payload::comment_part);
            draft.parts.extend(text.map(|t| ("comment", t)));
        }
        // What time will do to the decision (its end, its notice) is the timer's: it has to know when.
        if let Some(wake) = lifecycle::wake(&step.after, now) {
            let mut group = PollGroup::read(app, session.partition(), asset.group).await?;
            if group.wake_by(&asset.id, wake) {
                PollGroup::hint_at(app, &caller.org, asset.id.bucket, group.id, wake).await?;
                decision.ops.push(group.op()?);
            }
        }
        if let Some(slot) = slot {
            decision.ops.push(slot.fill(app, &())?);
        }
        match session.commit(vec![decision]).await {
            Ok(_) => return Ok(Some(step.after)),
            Err(CommitError::Overtaken | CommitError::Unknown) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy)
}
