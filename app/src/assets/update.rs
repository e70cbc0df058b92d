use domain::asset::{Asset, Criticality};
use domain::ids::AssetId;
use domain::role::Action;

use super::change::changes;
use super::create::{existing, external_key, free};
use super::draft::{DeviceDraft, Faults};
use super::intent::{Intent, IntentKind, finish_intents, mark};
use super::register::Register;
use crate::access::Caller;
use crate::ports::{Commit, Op};
use crate::{App, Error, rows};

/// What to change: an absent field stays, an empty one is cleared.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields of domain::asset::Asset")]
pub struct AssetPatch {
    pub name: Option<String>,
    pub target: Option<String>,
    pub query: Option<String>,
    pub device: Option<DeviceDraft>,
    pub tags: Option<Vec<String>>,
    pub criticality: Option<Criticality>,
    pub owner: Option<Option<String>>,
    pub owner_email: Option<Option<String>>,
    pub external_id: Option<Option<String>>,
    pub notes: Option<Option<String>>,
    pub allowed_services: Option<Vec<String>>,
    pub poll_interval: Option<Option<i32>>,
    pub enabled: Option<bool>,
}

const TRIES: usize = 8;

/// Changes an asset. What depends on it (risk, poll time, owner of addresses) follows at the next tick.
pub async fn update(app: &App, caller: &Caller, id: &AssetId, patch: &AssetPatch) -> Result<Asset, Error> {
    caller.may(Action::WriteAssets)?;
    let org = &caller.org;
    mark(app, org).await?;
    for _ in 0..TRIES {
        let register = Register::read(app, org).await?;
        let before = existing(app, org, id).await?;
        let mut after = patch.apply(app, &before)?;
        let changed = changes(&before, &after);
        if changed.is_empty() {
            return Ok(before);
        }
        after.updated_at = app.now();
        let after = free(&register, &[], after).map_err(Error::User)?;
        let mut ops = moved_reservations(&before, &after)?;
        let intent = Intent {
            id: app.ulid(),
            kind: IntentKind::Updated,
            asset: id.clone(),
            actor: caller.actor.clone(),
            at: app.now(),
            changes: changed,
        };
        ops.push(Op::Insert(intent.row()?));
        if register.commit(app, org, std::slice::from_ref(&after), ops).await? == Commit::Done {
            if let Err(error) = finish_intents(app, org).await {
                tracing::warn!(%org, %error, "the next tick carries the change over");
            }
            return Ok(after);
        }
    }
    Err(Error::Busy)
}

impl AssetPatch {
    pub(super) fn apply(&self, app: &App, before: &Asset) -> Result<Asset, Error> {
        let mut faults = Faults::default();
        let mut after = before.clone();
        if self.target.is_some() || self.query.is_some() {
            let target = faults.target(self.target.as_deref(), self.query.as_deref(), &app.settings.target_allow);
            after.target = target.unwrap_or(after.target);
            if after.target != before.target {
                after.addresses.clear();
            }
        }
        if let Some(name) = &self.name {
            match faults.text("name", Some(name), 200) {
                Some(name) => after.name = name,
                None if faults.0.is_empty() => after.name = after.target.to_string(),
                None => {}
            }
        }
        if let Some(device) = &self.device {
            after.device = faults.device(device);
        }
        if let Some(tags) = &self.tags {
            after.tags = faults.tags(tags);
        }
        after.criticality = self.criticality.unwrap_or(after.criticality);
        if let Some(owner) = &self.owner {
            after.owner = faults.text("owner", owner.as_deref(), 200);
        }
        if let Some(email) = &self.owner_email {
            after.owner_email = faults.email("ownerEmail", email.as_deref());
        }
        if let Some(external) = &self.external_id {
            after.external_id = faults.text("externalId", external.as_deref(), 200);
        }
        if let Some(notes) = &self.notes {
            after.notes = faults.text("notes", notes.as_deref(), 10_000);
        }
        if let Some(services) = &self.allowed_services {
            after.allowed_services = faults.services(services);
        }
        if let Some(interval) = self.poll_interval {
            after.poll_interval = faults.interval(interval);
        }
        after.enabled = self.enabled.unwrap_or(after.enabled);
        if faults.0.is_empty() { Ok(after) } else { Err(Error::User(faults.0)) }
    }
}

/// The reservations that an asset gives up and takes with a change of target or external id.
fn moved_reservations(before: &Asset, after: &Asset) -> Result<Vec<Op>, Error> {
    let mut ops = Vec::new();
    if before.target != after.target {
        ops.push(Op::Delete { key: format!("target:{}", before.target.key()), etag: None });
        ops.push(Op::Insert(rows::encode(format!("target:{}", after.target.key()), &after.id)?));
    }
    if before.external_id != after.external_id {
        if let Some(old) = &before.external_id {
            ops.push(Op::Delete { key: external_key(old), etag: None });
        }
        if let Some(new) = &after.external_id {
            ops.push(Op::Insert(rows::encode(external_key(new), &after.id)?));
        }
    }
    Ok(ops)
}
