use std::collections::BTreeMap;

use domain::ids::AssetId;
use domain::role::Action;

use super::group::PollGroup;
use crate::access::Caller;
use crate::assets::Register;
use crate::ledger::{CommitError, Decision};
use crate::{App, Error, UserError, UserErrorCode};

const TRIES: usize = 8;
/// Assets of one request.
const MOST: usize = 1000;

/// Makes assets due now, so that the next tick asks about them. Returns how many; each id answers for itself.
pub async fn refresh_many(app: &App, caller: &Caller, ids: &[AssetId]) -> Result<(usize, Vec<UserError>), Error> {
    caller.may(Action::WriteAssets)?;
    if ids.len() > MOST {
        return Err(UserError::of(UserErrorCode::TooMany, "ids", format!("at most {MOST} assets at once")).into());
    }
    let register = Register::read(app, &caller.org).await?;
    let mut faults = Vec::new();
    let mut groups: BTreeMap<u32, Vec<&AssetId>> = BTreeMap::new();
    for (place, id) in ids.iter().enumerate() {
        let fault = match register.find(id) {
            None => (UserErrorCode::NotFound, "no such asset"),
            Some(asset) if asset.retired_at.is_some() || !asset.enabled => {
                (UserErrorCode::NotAllowed, "the asset is retired or paused: switch it on first")
            }
            Some(asset) => {
                let members = groups.entry(asset.group).or_default();
                if !members.contains(&id) {
                    members.push(id);
                }
                continue;
            }
        };
        let field = vec!["input".into(), "ids".into(), place.to_string()];
        faults.push(UserError { code: fault.0, message: fault.1.into(), field });
    }
    let mut queued = 0;
    for (group, members) in groups {
        queued += make_due(app, caller, group, &members).await?;
    }
    Ok((queued, faults))
}

async fn make_due(app: &App, caller: &Caller, group: u32, ids: &[&AssetId]) -> Result<usize, Error> {
    let Some(bucket) = ids.first().map(|id| id.bucket) else { return Ok(0) };
    for _ in 0..TRIES {
        let mut session = app.open_ledger(&caller.org, &caller.organization, bucket).await?;
        let mut group = PollGroup::read(app, session.partition(), group).await?;
        let (now, mut due) = (app.now(), 0);
        for member in group.members.iter_mut().filter(|m| ids.iter().any(|id| id.ulid == m.asset)) {
            member.due = member.due.min(now);
            due += 1;
        }
        PollGroup::hint_now(app, &caller.org, bucket, &group).await?;
        match session.commit(vec![Decision { ops: vec![group.op()?], ..Decision::default() }]).await {
            Ok(_) => return Ok(due),
            Err(CommitError::Overtaken | CommitError::Unknown) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy)
}
