use domain::asset::Asset;
use domain::ids::AssetId;
use domain::role::Action;

use super::create::external_key;
use super::intent::{Intent, IntentKind, finish_intents, mark};
use super::read::AssetFilter;
use super::register::{Register, read_asset};
use crate::access::Caller;
use crate::ports::{Commit, Op};
use crate::{App, Error, UserError, UserErrorCode};

/// Which assets are meant.
#[derive(Clone, Debug)]
pub enum Selection {
    /// These.
    Ids(Vec<AssetId>),
    /// Those that a filter matches.
    Filter(Box<AssetFilter>),
}

const TRIES: usize = 8;

/// Retires assets: no longer polled, findings resolved as `ASSET_RETIRED`, everything still readable. `expected`
/// guards against a filter that matches more or less than the person saw.
pub async fn retire(
    app: &App,
    caller: &Caller,
    selection: Selection,
    expected: usize,
    reason: &str,
) -> Result<Vec<AssetId>, Error> {
    caller.may(Action::RetireAssets)?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 1000 {
        return Err(UserError::of(UserErrorCode::Required, "reason", "say why, in at most 1000 characters").into());
    }
    let ids = selection.known_ids(app, caller).await?;
    if ids.len() != expected {
        let message = format!("{} assets match, not {expected}: look again before you retire them", ids.len());
        return Err(UserError::of(UserErrorCode::Conflict, "expectedCount", message).into());
    }
    mark(app, &caller.org).await?;
    let mut retired = Vec::new();
    for several in ids.chunks(15) {
        retired.extend(retire_several(app, caller, several, reason).await?);
    }
    if let Err(error) = finish_intents(app, &caller.org).await {
        tracing::warn!(org = %caller.org, %error, "the next tick carries the retirement over");
    }
    Ok(retired)
}

impl Selection {
    /// The assets that are meant; those that are listed may be none of the organization's.
    pub(super) async fn ids(self, app: &App, caller: &Caller) -> Result<Vec<AssetId>, Error> {
        match self {
            Self::Ids(ids) => Ok(ids),
            Self::Filter(filter) => {
                let register = Register::read(app, &caller.org).await?;
                let filter = AssetFilter { retired: false, ..*filter };
                let matching = super::read::matching(app, &caller.org, &register, &filter).await?;
                Ok(matching.into_iter().filter(|a| a.retired_at.is_none()).map(|a| a.id.clone()).collect())
            }
        }
    }

    /// The same, all or nothing.
    async fn known_ids(self, app: &App, caller: &Caller) -> Result<Vec<AssetId>, Error> {
        let ids = self.ids(app, caller).await?;
        let register = Register::read(app, &caller.org).await?;
        if let Some(at) = ids.iter().position(|id| register.find(id).is_none()) {
            let field = vec!["input".into(), "ids".into(), at.to_string()];
            return Err(UserError { code: UserErrorCode::NotFound, message: "no such asset".into(), field }.into());
        }
        Ok(ids)
    }
}

async fn retire_several(app: &App, caller: &Caller, ids: &[AssetId], reason: &str) -> Result<Vec<AssetId>, Error> {
    for _ in 0..TRIES {
        let register = Register::read(app, &caller.org).await?;
        let mut assets = Vec::new();
        let mut ops = Vec::new();
        for id in ids {
            let Some(asset) = read_asset(&*app.tables, &caller.org, id).await?.filter(|a| a.retired_at.is_none())
            else {
                continue;
            };
            ops.push(Op::Delete { key: format!("target:{}", asset.target.key()), etag: None });
            if let Some(external) = &asset.external_id {
                ops.push(Op::Delete { key: external_key(external), etag: None });
            }
            let intent = Intent {
                id: app.ulid(),
                kind: IntentKind::Retired,
                asset: id.clone(),
                actor: caller.actor.clone(),
                at: app.now(),
                changes: Vec::new(),
            };
            ops.push(Op::Insert(intent.row()?));
            assets.push(Asset {
                retired_at: Some(app.now()),
                retired_reason: Some(reason.to_owned()),
                enabled: false,
                updated_at: app.now(),
                ..asset
            });
        }
        if assets.is_empty() || register.commit(app, &caller.org, &assets, ops).await? == Commit::Done {
            return Ok(assets.into_iter().map(|a| a.id).collect());
        }
    }
    Err(Error::Busy)
}
