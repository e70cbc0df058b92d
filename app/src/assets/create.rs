use domain::asset::Asset;
use domain::ids::{AssetId, OrgId};
use domain::role::Action;
use domain::target::Target;
use sha2::{Digest, Sha256};

use super::draft::AssetDraft;
use super::intent::{Intent, IntentKind, finish_intents, group_for, mark};
use super::register::{BUCKET, Register};
use crate::access::Caller;
use crate::ports::{Commit, Op, Table, WriteRow};
use crate::repeat::{Before, ClientRequest};
use crate::{App, Error, UserError, UserErrorCode, rows};

const TRIES: usize = 8;
/// An organization registers at most so many assets: what its bucket and directory were measured for.
const MOST: usize = 100_000;

/// Registers an asset. It is polled at the next tick.
pub async fn create(app: &App, caller: &Caller, draft: &AssetDraft) -> Result<Asset, Error> {
    create_once(app, caller, draft, None).await
}

/// Registers an asset once, however often its client repeats the request.
pub async fn create_once(
    app: &App,
    caller: &Caller,
    draft: &AssetDraft,
    request: Option<&ClientRequest>,
) -> Result<Asset, Error> {
    caller.may(Action::WriteAssets)?;
    let made = create_several(app, caller, std::slice::from_ref(draft), request).await?;
    match made.into_iter().next() {
        Some(Ok(asset)) => Ok(asset),
        Some(Err(faults)) => Err(Error::User(faults)),
        None => Err(Error::Busy),
    }
}

/// What became of each draft.
pub(super) type Made = Vec<Result<Asset, Vec<UserError>>>;
/// The same, as it is remembered.
type Remembered = Vec<Result<AssetId, Vec<UserError>>>;

/// Registers at most 20 assets, each for itself: one's fault keeps no other out.
pub(super) async fn create_several(
    app: &App,
    caller: &Caller,
    drafts: &[AssetDraft],
    request: Option<&ClientRequest>,
) -> Result<Made, Error> {
    let org = &caller.org;
    mark(app, org).await?;
    for _ in 0..TRIES {
        let slot = match request {
            Some(request) => match request.before::<Remembered>(app, Table::Assets, org.as_str()).await? {
                Before::Answered(first) => return recall(app, org, first).await,
                Before::Not(slot) => Some(slot),
            },
            None => None,
        };
        let register = Register::read(app, org).await?;
        let mut assets: Vec<Asset> = Vec::new();
        let mut results = Vec::new();
        let mut ops = Vec::new();
        for draft in drafts {
            let asset = draft.check(&app.settings.target_allow, blank(app, group_for(&register, &assets)));
            let asset = asset.and_then(|a| free(&register, &assets, a));
            if let Ok(asset) = &asset {
                ops.extend(reservations(asset)?.into_iter().map(Op::Insert));
                let intent = Intent {
                    id: asset.id.ulid.clone(),
                    kind: IntentKind::Created,
                    asset: asset.id.clone(),
                    actor: caller.actor.clone(),
                    at: app.now(),
                    changes: Vec::new(),
                };
                ops.push(Op::Insert(intent.row()?));
                assets.push(asset.clone());
            }
            results.push(asset);
        }
        if assets.is_empty() {
            return Ok(results);
        }
        if let Some(slot) = slot {
            let answer: Remembered =
                results.iter().map(|r| r.as_ref().map(|a| a.id.clone()).map_err(Clone::clone)).collect();
            ops.push(slot.fill(app, &answer)?);
        }
        match register.commit(app, org, &assets, ops).await? {
            Commit::Done => {
                if let Err(error) = finish_intents(app, org).await {
                    tracing::warn!(%org, %error, "the next tick carries the new assets over");
                }
                return Ok(results);
            }
            Commit::Conflict { .. } | Commit::Unknown => {}
        }
    }
    Err(Error::Busy)
}

/// The first answer again, with the assets as they are now.
async fn recall(app: &App, org: &OrgId, first: Remembered) -> Result<Made, Error> {
    let mut made = Vec::new();
    for result in first {
        made.push(match result {
            Ok(id) => Ok(existing(app, org, &id).await?),
            Err(faults) => Err(faults),
        });
    }
    Ok(made)
}

pub(super) fn blank(app: &App, group: u32) -> Asset {
    let now = app.now();
    Asset {
        id: AssetId { bucket: BUCKET, ulid: app.ulid() },
        name: String::new(),
        target: Target::Query(String::new()),
        device: domain::asset::DeviceProfile::default(),
        tags: Vec::new(),
        criticality: domain::asset::Criticality::Medium,
        owner: None,
        owner_email: None,
        external_id: None,
        notes: None,
        allowed_services: Vec::new(),
        poll_interval: None,
        enabled: true,
        group,
        addresses: Vec::new(),
        created_at: now,
        updated_at: now,
        retired_at: None,
        retired_reason: None,
    }
}

/// The same target, or the same external id, is taken once per organization; retired assets keep neither.
pub(super) fn free(register: &Register, more: &[Asset], asset: Asset) -> Result<Asset, Vec<UserError>> {
    let others = || register.assets().chain(more).filter(|a| a.retired_at.is_none() && a.id != asset.id);
    let mut faults = Vec::new();
    if let Some(other) = others().find(|a| a.target == asset.target) {
        let field = if matches!(asset.target, Target::Query(_)) { "query" } else { "target" };
        faults.push(UserError::of(
            UserErrorCode::Taken,
            field,
            format!("{} is already watched as {:?}", asset.target, other.name),
        ));
    }
    if let Some(other) = others().find(|a| a.external_id.is_some() && a.external_id == asset.external_id) {
        faults.push(UserError::of(
            UserErrorCode::Taken,
            "externalId",
            format!("this external id belongs to {:?}", other.name),
        ));
    }
    if others().count() >= MOST {
        faults.push(UserError::general(
            UserErrorCode::QuotaExceeded,
            format!("an organization watches at most {MOST} assets"),
        ));
    }
    if faults.is_empty() { Ok(asset) } else { Err(faults) }
}

/// The rows that make target and external id unique: inserted in the asset's own batch, so that two requests at
/// the same moment cannot both have them.
pub(super) fn reservations(asset: &Asset) -> Result<Vec<WriteRow>, Error> {
    let mut all = vec![rows::encode(format!("target:{}", asset.target.key()), &asset.id)?];
    if let Some(external) = &asset.external_id {
        all.push(rows::encode(external_key(external), &asset.id)?);
    }
    Ok(all)
}

/// External ids may hold characters that keys may not.
pub(super) fn external_key(external: &str) -> String {
    let hex: String = Sha256::digest(external.as_bytes()).iter().take(16).map(|b| format!("{b:02x}")).collect();
    format!("external:{hex}")
}

/// Whose asset is it? For use cases that take ids.
pub(super) async fn existing(app: &App, org: &OrgId, id: &AssetId) -> Result<Asset, Error> {
    let found = super::register::read_asset(&*app.tables, org, id).await?;
    found.ok_or_else(|| UserError::of(UserErrorCode::NotFound, "id", "no such asset").into())
}
