use domain::asset::Asset;
use domain::ids::{AssetId, OrgId};
use domain::role::Action;

use super::intent::{Intent, IntentKind, finish_intents, mark};
use super::register::{Register, read_asset, row_key};
use crate::access::Caller;
use crate::ports::{Commit, Op, StoreError, Table, Tables};
use crate::{App, Error, UserError, UserErrorCode, rows};

const TRIES: usize = 8;
/// Assets of one request.
const MOST: usize = 1000;
/// Assets of one batch: its row, its tombstone, an intent and at worst a chunk of the register each.
const TOGETHER: usize = 20;

/// Destroys retired assets with their services and findings; events keep what they said. What stays is a tombstone with the
/// asset as it was. Each id answers for itself, the rest is deleted.
pub async fn delete(app: &App, caller: &Caller, ids: &[AssetId]) -> Result<(Vec<AssetId>, Vec<UserError>), Error> {
    caller.may(Action::DeleteAssets)?;
    if ids.len() > MOST {
        return Err(UserError::of(UserErrorCode::TooMany, "ids", format!("at most {MOST} assets at once")).into());
    }
    mark(app, &caller.org).await?;
    // A retirement that is not carried over yet comes first.
    finish_intents(app, &caller.org).await?;
    let (mut deleted, mut faults) = (Vec::new(), Vec::new());
    for (several, first) in ids.chunks(TOGETHER).zip((0..).step_by(TOGETHER)) {
        let (done, refused) = together(app, caller, several).await?;
        deleted.extend(done);
        faults.extend(refused.into_iter().map(|(place, fault)| {
            let place: usize = first + place;
            UserError { field: vec!["input".into(), "ids".into(), place.to_string()], ..fault }
        }));
    }
    if let Err(error) = finish_intents(app, &caller.org).await {
        tracing::warn!(org = %caller.org, %error, "the next tick removes what the assets have left");
    }
    Ok((deleted, faults))
}

async fn together(
    app: &App,
    caller: &Caller,
    ids: &[AssetId],
) -> Result<(Vec<AssetId>, Vec<(usize, UserError)>), Error> {
    let org = &caller.org;
    let mut ours: Vec<AssetId> = Vec::new();
    for _ in 0..TRIES {
        let register = Register::read(app, org).await?;
        let (mut gone, mut ops, mut faults): (Vec<AssetId>, Vec<Op>, _) = (Vec::new(), Vec::new(), Vec::new());
        for (place, id) in ids.iter().enumerate() {
            if gone.contains(id) || ours.contains(id) {
                continue;
            }
            let Some(asset) = read_asset(&*app.tables, org, id).await? else {
                faults.push((place, UserError::general(UserErrorCode::NotFound, "no such asset")));
                continue;
            };
            if asset.retired_at.is_none() {
                let message = "retire the asset before you delete it";
                faults.push((place, UserError::general(UserErrorCode::NotAllowed, message)));
                continue;
            }
            let intent = Intent {
                id: app.ulid(),
                kind: IntentKind::Deleted,
                asset: id.clone(),
                actor: caller.actor.clone(),
                at: app.now(),
                changes: Vec::new(),
            };
            ops.push(Op::Delete { key: row_key(id), etag: None });
            ops.push(Op::Upsert(rows::encode(tombstone_key(id), &asset)?));
            ops.push(Op::Insert(intent.row()?));
            gone.push(id.clone());
        }
        if gone.is_empty() {
            return Ok((ours, faults));
        }
        match register.commit_without(app, org, &gone, ops).await? {
            Commit::Done => {
                ours.extend(gone);
                return Ok((ours, faults));
            }
            // Perhaps done: what is gone at the next look was ours.
            Commit::Unknown => ours.extend(gone),
            Commit::Conflict { .. } => {}
        }
        let mut still = Vec::new();
        for id in ours {
            if read_asset(&*app.tables, org, &id).await?.is_none() {
                still.push(id);
            }
        }
        ours = still;
    }
    Err(Error::Busy)
}

/// The asset as it was when it was deleted.
pub(super) async fn tombstone(tables: &dyn Tables, org: &OrgId, id: &AssetId) -> Result<Option<Asset>, StoreError> {
    let row = tables.get(Table::Assets, org.as_str(), &tombstone_key(id)).await?;
    row.as_ref().map(rows::decode).transpose()
}

fn tombstone_key(id: &AssetId) -> String {
    format!("gone:{}", id.ulid)
}
