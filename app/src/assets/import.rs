use domain::asset::Asset;
use domain::ids::AssetId;
use domain::role::Action;
use serde::{Deserialize, Serialize};

use super::create::create_several;
use super::draft::AssetDraft;
use super::register::Register;
use super::update::{AssetPatch, update};
use crate::access::Caller;
use crate::ports::{Batch, Table};
use crate::repeat::{Before, ClientRequest};
use crate::{App, Error, UserError, UserErrorCode};

/// What to do with a row whose target or external id is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnExisting {
    /// Refuse the row.
    #[default]
    Reject,
    /// Leave the asset as it is.
    Skip,
    /// Change the asset to what the row says.
    Update,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// A new asset.
    Created,
    /// An asset was changed.
    Updated,
    /// The asset was like that already, or left as it is.
    Unchanged,
    /// The row has faults.
    Rejected,
}

/// A row's answer.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The asset.
    pub asset: Option<Asset>,
    /// What became of it.
    pub outcome: Outcome,
    /// Its faults.
    pub faults: Vec<UserError>,
}

/// At most so many rows at once.
const MOST: usize = 1000;

/// Takes many assets: every row answers for itself, and the good ones are kept.
pub async fn import(
    app: &App,
    caller: &Caller,
    read: Vec<Result<AssetDraft, Vec<UserError>>>,
    on_existing: OnExisting,
    dry_run: bool,
) -> Result<Vec<Imported>, Error> {
    import_once(app, caller, read, on_existing, dry_run, None).await
}

/// What is remembered of a row's answer.
#[derive(Serialize, Deserialize)]
struct Remembered(Option<AssetId>, Outcome, Vec<UserError>);

/// Takes many assets once, however often the client repeats the request.
pub async fn import_once(
    app: &App,
    caller: &Caller,
    read: Vec<Result<AssetDraft, Vec<UserError>>>,
    on_existing: OnExisting,
    dry_run: bool,
    request: Option<&ClientRequest>,
) -> Result<Vec<Imported>, Error> {
    caller.may(Action::WriteAssets)?;
    // What only looks is repeated as it is.
    let request = request.filter(|_| !dry_run);
    let slot = match request {
        Some(request) => match request.before(app, Table::Assets, caller.org.as_str()).await? {
            Before::Answered(first) => return recall(app, caller, first).await,
            Before::Not(slot) => Some(slot),
        },
        None => None,
    };
    let results = import_rows(app, caller, read, on_existing, dry_run, request).await?;
    if let Some(slot) = slot {
        let answer: Vec<Remembered> = results
            .iter()
            .map(|r| Remembered(r.asset.as_ref().map(|a| a.id.clone()), r.outcome, r.faults.clone()))
            .collect();
        let ops = vec![slot.fill(app, &answer)?];
        let batch = Batch { table: Table::Assets, partition: caller.org.to_string(), ops, witness: None };
        // A repeat that was as fast as we has written the same.
        app.tables.commit(batch).await?;
    }
    Ok(results)
}

async fn recall(app: &App, caller: &Caller, first: Vec<Remembered>) -> Result<Vec<Imported>, Error> {
    let mut results = Vec::new();
    for Remembered(id, outcome, faults) in first {
        let asset = match id {
            Some(id) => Some(super::create::existing(app, &caller.org, &id).await?),
            None => None,
        };
        results.push(Imported { asset, outcome, faults });
    }
    Ok(results)
}

async fn import_rows(
    app: &App,
    caller: &Caller,
    read: Vec<Result<AssetDraft, Vec<UserError>>>,
    on_existing: OnExisting,
    dry_run: bool,
    request: Option<&ClientRequest>,
) -> Result<Vec<Imported>, Error> {
    let unreadable: Vec<Option<Vec<UserError>>> = read.iter().map(|r| r.as_ref().err().cloned()).collect();
    let rows: Vec<AssetDraft> = read.into_iter().map(Result::unwrap_or_default).collect();
    if rows.len() > MOST {
        let message = format!("at most {MOST} assets at once; these are {}", rows.len());
        return Err(UserError::of(UserErrorCode::TooMany, "assets", message).into());
    }
    let mut results: Vec<Option<Imported>> = (0..rows.len()).map(|_| None).collect();
    let register = Register::read(app, &caller.org).await?;
    for ((row, result), unreadable) in rows.iter().zip(&mut results).zip(unreadable) {
        if let Some(faults) = unreadable {
            *result = Some(Imported { asset: None, outcome: Outcome::Rejected, faults });
        } else if on_existing != OnExisting::Reject
            && let Some(there) = existing(app, &register, row)
        {
            *result = Some(meet(app, caller, there, row, on_existing, dry_run).await?);
        }
    }
    let fresh: Vec<usize> = (0..rows.len()).filter(|n| results[*n].is_none()).collect();
    for several in fresh.chunks(20) {
        let drafts: Vec<AssetDraft> = several.iter().map(|n| rows[*n].clone()).collect();
        let made = if dry_run {
            dry(app, &drafts, &register)
        } else {
            let part = request.map(|r| r.part(several[0]));
            create_several(app, caller, &drafts, part.as_ref()).await?
        };
        for (number, made) in several.iter().zip(made) {
            results[*number] = Some(match made {
                Ok(asset) => {
                    Imported { asset: (!dry_run).then_some(asset), outcome: Outcome::Created, faults: Vec::new() }
                }
                Err(faults) => Imported { asset: None, outcome: Outcome::Rejected, faults },
            });
        }
    }
    Ok(results.into_iter().flatten().collect())
}

fn existing<'a>(app: &App, register: &'a Register, row: &AssetDraft) -> Option<&'a Asset> {
    let blank = blank_for_check(app);
    let wanted = row.check(&app.settings.target_allow, blank).ok()?;
    let active = || register.assets().filter(|a| a.retired_at.is_none());
    let same_external = active().find(|a| a.external_id.is_some() && a.external_id == wanted.external_id);
    same_external.or_else(|| active().find(|a| a.target == wanted.target))
}

fn blank_for_check(app: &App) -> Asset {
    super::create::blank(app, 0)
}

async fn meet(
    app: &App,
    caller: &Caller,
    there: &Asset,
    row: &AssetDraft,
    on_existing: OnExisting,
    dry_run: bool,
) -> Result<Imported, Error> {
    let kept = Imported { asset: Some(there.clone()), outcome: Outcome::Unchanged, faults: Vec::new() };
    if on_existing == OnExisting::Skip {
        return Ok(kept);
    }
    let patch = AssetPatch {
        name: row.name.clone(),
        target: row.target.clone(),
        query: row.query.clone(),
        device: (row.device != super::draft::DeviceDraft::default()).then(|| row.device.clone()),
        tags: (!row.tags.is_empty()).then(|| row.tags.clone()),
        criticality: Some(row.criticality),
        owner: row.owner.clone().map(Some),
        owner_email: row.owner_email.clone().map(Some),
        external_id: row.external_id.clone().map(Some),
        notes: row.notes.clone().map(Some),
        allowed_services: (!row.allowed_services.is_empty()).then(|| row.allowed_services.clone()),
        poll_interval: row.poll_interval.map(Some),
        enabled: Some(row.enabled),
    };
    if dry_run {
        return Ok(match patch.apply(app, there) {
            Ok(after) if super::change::changes(there, &after).is_empty() => kept,
            Ok(_) => Imported { outcome: Outcome::Updated, ..kept },
            Err(Error::User(faults)) => Imported { asset: None, outcome: Outcome::Rejected, faults },
            Err(other) => return Err(other),
        });
    }
    match update(app, caller, &there.id, &patch).await {
        Ok(after) if after.updated_at == there.updated_at => Ok(kept),
        Ok(after) => Ok(Imported { asset: Some(after), outcome: Outcome::Updated, faults: Vec::new() }),
        Err(Error::User(faults)) => Ok(Imported { asset: None, outcome: Outcome::Rejected, faults }),
        Err(other) => Err(other),
    }
}

fn dry(app: &App, drafts: &[AssetDraft], register: &Register) -> Vec<Result<Asset, Vec<UserError>>> {
    let mut made: Vec<Asset> = Vec::new();
    let mut results = Vec::new();
    for draft in drafts {
        let checked = draft.check(&app.settings.target_allow, blank_for_check(app));
        let checked = checked.and_then(|a| super::create::free(register, &made, a));
        made.extend(checked.clone().ok());
        results.push(checked);
    }
    results
}
