use domain::asset::Asset;
use domain::ids::AssetId;
use domain::role::Action;
use tokio::time::Instant;

use super::group::PollGroup;
use super::round::Round;
use super::tick::DueGroup;
use crate::access::{self, Caller};
use crate::ledger::{CommitError, Decision};
use crate::{App, Error, UserError, UserErrorCode, assets};

const TRIES: usize = 8;
/// How long a person waits for it.
const SECONDS: u64 = 25;

/// Asks about one asset now instead of at the next due time.
pub async fn refresh(app: &App, caller: &Caller, id: &AssetId) -> Result<Asset, Error> {
    caller.may(Action::WriteAssets)?;
    let asset = assets::read_asset(&*app.tables, &caller.org, id).await?;
    let asset = asset.ok_or_else(|| UserError::of(UserErrorCode::NotFound, "id", "no such asset"))?;
    if asset.retired_at.is_some() || !asset.enabled {
        return Err(UserError::of(
            UserErrorCode::NotAllowed,
            "id",
            "the asset is retired or paused: switch it on first",
        )
        .into());
    }
    let organization = access::organization(app, &caller.org).await?.ok_or(Error::Unauthenticated)?;
    make_due(app, caller, &asset).await?;
    let key = super::source_key(app, &organization)?;
    let deadline = Instant::now() + std::time::Duration::from_secs(SECONDS);
    let due = DueGroup {
        org: caller.org.clone(),
        bucket: id.bucket,
        group: asset.group,
        hints: vec![super::group::hint_key(app.now(), &caller.org, id.bucket, asset.group)],
    };
    let round = Round { app, key: &key, organization: &organization, deadline, only: Some(&asset.id) };
    let report = round.run(std::slice::from_ref(&due)).await?;
    if report.polled == 0 && report.failed + report.left > 0 {
        return Err(
            UserError::general(UserErrorCode::Upstream, "the source did not answer; the asset stays due").into()
        );
    }
    Ok(asset)
}

async fn make_due(app: &App, caller: &Caller, asset: &Asset) -> Result<(), Error> {
    for _ in 0..TRIES {
        let mut session = app.open_ledger(&caller.org, &caller.organization, asset.id.bucket).await?;
        let mut group = PollGroup::read(app, session.partition(), asset.group).await?;
        let Some(member) = group.members.iter_mut().find(|m| m.asset == asset.id.ulid) else { return Ok(()) };
        member.due = app.now();
        PollGroup::hint_now(app, &caller.org, asset.id.bucket, &group).await?;
        let decision = Decision { ops: vec![group.op()?], ..Decision::default() };
        match session.commit(vec![decision]).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Overtaken | CommitError::Unknown) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy)
}
