use domain::actor::{Actor, ActorKind};
use domain::event::EventType;
use domain::finding::Finding;
use domain::ids::{FindingId, UserId};
use domain::lifecycle;
use domain::role::Action;

use super::transitions::{MOST, transitions};
use crate::access::{self, Caller};
use crate::{App, Error, UserError, UserErrorCode};

/// Gives findings to a member of the organization, or to nobody; each id answers for itself, the rest is applied.
pub async fn assign(
    app: &App,
    caller: &Caller,
    ids: &[FindingId],
    to: Option<&UserId>,
) -> Result<(Vec<Finding>, Vec<UserError>), Error> {
    caller.may(Action::Triage)?;
    if ids.len() > MOST {
        return Err(UserError::of(UserErrorCode::TooMany, "ids", format!("at most {MOST} findings at once")).into());
    }
    let assignee = match to {
        Some(user) => match access::colleague(app, &caller.org, user).await? {
            Some(user) => Some(Actor {
                kind: ActorKind::User,
                id: Some(user.id.to_string()),
                name: user.name,
                email: Some(user.email.to_string()),
            }),
            None => return Err(UserError::of(UserErrorCode::NotFound, "userId", "no such member").into()),
        },
        None => None,
    };
    let act = |finding: &Finding, now| {
        let id = |f: &Finding| f.assignee.as_ref().and_then(|a| a.id.clone());
        let after = Finding { assignee: assignee.clone(), ..finding.clone() };
        if id(finding) == id(&after) {
            return Ok(None);
        }
        Ok(lifecycle::amend(finding, after, EventType::FindingAssigned, now, caller.actor.clone()))
    };
    transitions(app, caller, ("ids", ids), act).await
}
