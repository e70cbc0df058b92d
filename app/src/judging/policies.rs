use domain::policy::TriagePolicy;
use domain::role::Action;
use jiff::Timestamp;

use super::policy::key;
use super::store::{POLICIES, all, read};
use crate::access::Caller;
use crate::{App, Error};

/// All policies, oldest first, those that ended too; or those that held at an instant.
pub async fn policies(app: &App, caller: &Caller, active_at: Option<Timestamp>) -> Result<Vec<TriagePolicy>, Error> {
    caller.may(Action::Read)?;
    let mut found: Vec<TriagePolicy> = all(app, &caller.org, POLICIES).await?;
    let held = |policy: &TriagePolicy, at: Timestamp| {
        policy.created_at <= at && at < policy.until && policy.ended_at.is_none_or(|ended| at < ended)
    };
    found.retain(|policy| active_at.is_none_or(|at| held(policy, at)));
    Ok(found)
}

/// One policy, also one that ended.
pub async fn policy(app: &App, caller: &Caller, id: &str) -> Result<Option<TriagePolicy>, Error> {
    caller.may(Action::Read)?;
    let known = id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !known {
        return Ok(None);
    }
    Ok(read::<TriagePolicy>(app, &caller.org, &key(id)).await?.map(|(policy, _)| policy))
}
