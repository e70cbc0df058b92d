use domain::asset::{Asset, Criticality};
use domain::ids::AssetId;
use domain::role::Action;

use super::change::changes;
use super::create::blank;
use super::intent::{Intent, IntentKind, finish_intents, mark};
use super::register::{Register, row_key};
use super::retire::Selection;
use super::update::AssetPatch;
use crate::access::Caller;
use crate::ports::{Commit, Op, Table};
use crate::{App, Error, UserError, UserErrorCode, rows};

/// The same change for many assets: an absent field stays, an empty one is cleared.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields of domain::asset::Asset")]
pub struct AssetsPatch {
    pub add_tags: Vec<String>,
    pub remove_tags: Vec<String>,
    pub owner: Option<Option<String>>,
    pub owner_email: Option<Option<String>>,
    pub criticality: Option<Criticality>,
    pub poll_interval: Option<Option<i32>>,
    pub enabled: Option<bool>,
}

const TRIES: usize = 8;
/// Assets of one request.
const MOST: usize = 1000;
/// Assets of one batch: a row, an intent and at worst a chunk of the register each.
const TOGETHER: usize = 30;

/// Changes many assets in the same way and returns those that are other than before; each has its event. `expected` guards
/// against a filter that matches more or less than the person saw. Each id answers for itself, the rest is changed.
pub async fn update_many(
    app: &App,
    caller: &Caller,
    selection: Selection,
    expected: usize,
    patch: &AssetsPatch,
) -> Result<(Vec<AssetId>, Vec<UserError>), Error> {
    caller.may(Action::WriteAssets)?;
    patch.check(app)?;
    let by_ids = matches!(selection, Selection::Ids(_));
    let ids = selection.ids(app, caller).await?;
    if ids.len() != expected {
        let message = format!("{} assets are meant, not {expected}: look again before you change them", ids.len());
        return Err(UserError::of(UserErrorCode::Conflict, "expectedCount", message).into());
    }
    if ids.len() > MOST {
        let field = if by_ids { "ids" } else { "filter" };
        return Err(UserError::of(UserErrorCode::TooMany, field, format!("at most {MOST} assets at once")).into());
    }
    mark(app, &caller.org).await?;
    let (mut changed, mut faults) = (Vec::new(), Vec::new());
    for (several, first) in ids.chunks(TOGETHER).zip((0..).step_by(TOGETHER)) {
        let (done, refused) = together(app, caller, several, patch).await?;
        changed.extend(done);
        faults.extend(refused.into_iter().map(|(place, fault)| {
            let place: usize = first + place;
            let field = if by_ids { vec!["input".into(), "ids".into(), place.to_string()] } else { Vec::new() };
            UserError { field, ..fault }
        }));
    }
    if let Err(error) = finish_intents(app, &caller.org).await {
        tracing::warn!(org = %caller.org, %error, "the next tick carries the changes over");
    }
    Ok((changed, faults))
}

async fn together(
    app: &App,
    caller: &Caller,
    ids: &[AssetId],
    patch: &AssetsPatch,
) -> Result<(Vec<AssetId>, Vec<(usize, UserError)>), Error> {
    let org = &caller.org;
    let keys: Vec<String> = ids.iter().map(row_key).collect();
    for _ in 0..TRIES {
        let register = Register::read(app, org).await?;
        let found = app.tables.get_many(Table::Assets, org.as_str(), &keys).await?;
        let (mut assets, mut ops, mut faults): (Vec<Asset>, Vec<Op>, _) = (Vec::new(), Vec::new(), Vec::new());
        for (place, (id, row)) in ids.iter().zip(found).enumerate() {
            let before: Option<Asset> = row.as_ref().map(rows::decode).transpose()?;
            let Some(before) = before.filter(|a| a.id == *id) else {
                faults.push((place, UserError::general(UserErrorCode::NotFound, "no such asset")));
                continue;
            };
            if before.retired_at.is_some() {
                faults.push((place, UserError::general(UserErrorCode::NotAllowed, "the asset is retired")));
                continue;
            }
            let after = match patch.for_one(&before).apply(app, &before) {
                Ok(after) => after,
                Err(Error::User(all)) => {
                    faults.extend(all.into_iter().map(|fault| (place, fault)));
                    continue;
                }
                Err(other) => return Err(other),
            };
            let changed = changes(&before, &after);
            if changed.is_empty() || assets.iter().any(|a| a.id == *id) {
                continue;
            }
            let intent = Intent {
                id: app.ulid(),
                kind: IntentKind::Updated,
                asset: id.clone(),
                actor: caller.actor.clone(),
                at: app.now(),
                changes: changed,
            };
            ops.push(Op::Insert(intent.row()?));
            assets.push(Asset { updated_at: app.now(), ..after });
        }
        if assets.is_empty() || register.commit(app, org, &assets, ops).await? == Commit::Done {
            return Ok((assets.into_iter().map(|a| a.id).collect(), faults));
        }
    }
    Err(Error::Busy)
}

impl AssetsPatch {
    /// What is wrong with it whatever the asset is.
    fn check(&self, app: &App) -> Result<(), Error> {
        let alone = AssetPatch { tags: Some(self.add_tags.clone()), ..self.for_one(&blank(app, 0)) };
        match alone.apply(app, &blank(app, 0)) {
            Ok(_) => Ok(()),
            Err(Error::User(mut faults)) => {
                for field in faults.iter_mut().filter_map(|f| f.field.last_mut()).filter(|f| *f == "tags") {
                    "addTags".clone_into(field);
                }
                Err(Error::User(faults))
            }
            Err(other) => Err(other),
        }
    }

    fn for_one(&self, asset: &Asset) -> AssetPatch {
        let tags = (!self.add_tags.is_empty() || !self.remove_tags.is_empty()).then(|| {
            let kept = asset.tags.iter().filter(|tag| !self.remove_tags.iter().any(|gone| gone.trim() == **tag));
            kept.chain(&self.add_tags).cloned().collect()
        });
        AssetPatch {
            tags,
            owner: self.owner.clone(),
            owner_email: self.owner_email.clone(),
            criticality: self.criticality,
            poll_interval: self.poll_interval,
            enabled: self.enabled,
            ..AssetPatch::default()
        }
    }
}
