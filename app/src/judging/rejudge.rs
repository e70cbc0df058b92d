use domain::ids::{Bucket, OrgId};

use crate::agenda::{self, Agenda, Mark};
use crate::assets::Register;
use crate::ledger::{CommitError, Decision, partition};
use crate::poll::{PollGroup, stamp};
use crate::{App, Error, access};

const MOST: usize = 100;
const TRIES: usize = 8;

/// Has everything judged anew that was judged by other rules or policies than those that hold, whether or not the source
/// answers. Bounded by what one round settles; the rest stays due. `true`: something may be due that was not.
pub(crate) async fn rejudge(app: &App, agenda: &Agenda) -> Result<bool, Error> {
    let mut any = false;
    for mark in agenda.marks(Mark::Anew).take(MOST) {
        let Some(org) = Mark::Anew.about(mark).and_then(|org| org.parse::<OrgId>().ok()) else { continue };
        wake(app, &org).await?;
        any = true;
        agenda::dismiss_followed(app, mark).await?;
    }
    Ok(any)
}

async fn wake(app: &App, org: &OrgId) -> Result<(), Error> {
    let Some(organization) = access::organization(app, org).await? else { return Ok(()) };
    let ruling = app.ruling(org).await?;
    let register = Register::read(app, org).await?;
    let Some(last) = register.assets().map(|asset| asset.group).max() else { return Ok(()) };
    let current = |asset: &domain::asset::Asset| stamp(&ruling, &organization, asset);
    for number in 0..=last {
        let mut tries = 0..TRIES;
        while !wake_group(app, org, number, &register, &current).await? {
            tries.next().ok_or(Error::Busy)?;
        }
    }
    Ok(())
}

async fn wake_group(
    app: &App,
    org: &OrgId,
    number: u32,
    register: &Register,
    current: &impl Fn(&domain::asset::Asset) -> String,
) -> Result<bool, Error> {
    let bucket = Bucket::default();
    // No event goes with it, so nobody reads the organization's name.
    let mut session = app.open_ledger(org, "", bucket).await?;
    let mut group = PollGroup::read(app, &partition(org, bucket), number).await?;
    if !group.wake_judged_otherwise(|ulid| register.by_ulid(ulid).map(current), app.now()) {
        return Ok(true);
    }
    PollGroup::hint_now(app, org, bucket, &group).await?;
    match session.commit(vec![Decision { ops: vec![group.op()?], ..Decision::default() }]).await {
        Ok(_) => Ok(true),
        Err(CommitError::Overtaken | CommitError::Unknown) => Ok(false),
        Err(CommitError::Store(error)) => Err(Error::from(error)),
    }
}
