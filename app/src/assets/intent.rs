use domain::actor::Actor;
use domain::asset::Asset;
use domain::event::{Action, Change, Draft, EventType, Subjects};
use domain::finding::Resolution;
use domain::ids::{AssetId, OrgId};
use domain::{lifecycle, payload};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::delete::tombstone;
use super::register::{Register, read_asset};
use crate::ledger::{CommitError, Decision, Session};
use crate::poll::{Member, PollGroup};
use crate::ports::{Batch, Op, RowRange, StoreError, Table, WriteRow};
use crate::{App, Error, access, findings, rows};

/// What happened to an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IntentKind {
    /// It was registered.
    Created,
    /// It was changed.
    Updated,
    /// It was retired.
    Retired,
    /// It was deleted.
    Deleted,
}

/// What an asset's change still has to do in its bucket: poll group, findings, event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// Unique: done once, however often it is tried.
    pub id: String,
    /// What happened.
    pub kind: IntentKind,
    /// To which asset.
    pub asset: AssetId,
    /// By whom.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// What changed.
    #[serde(default)]
    pub changes: Vec<Change>,
}

const PREFIX: &str = "pending:";
const TRIES: usize = 8;

impl Intent {
    /// Its row, written in the same batch as the asset.
    pub(super) fn row(&self) -> Result<WriteRow, StoreError> {
        rows::encode(format!("{PREFIX}{}", self.id), self)
    }
}

/// Does what is pending in an organization: at once after a change, or by the tick after a crash. Returns how many.
pub async fn finish_intents(app: &App, org: &OrgId) -> Result<usize, Error> {
    let mut done = 0;
    loop {
        let page = app.tables.range(Table::Assets, org.as_str(), RowRange::prefix(PREFIX, 100)).await?;
        if page.rows.is_empty() {
            return Ok(done);
        }
        let intents: Vec<Intent> = page.rows.iter().map(rows::decode).collect::<Result<_, _>>()?;
        // All that fit one batch: an import of a thousand assets is some dozens of commits, not thousands.
        for several in intents.chunks(20) {
            finish(app, org, several).await?;
            done += several.len();
        }
    }
}

async fn finish(app: &App, org: &OrgId, intents: &[Intent]) -> Result<(), Error> {
    let organization = access::organization(app, org).await?.ok_or(Error::Unauthenticated)?;
    let bucket = intents.first().map(|i| i.asset.bucket).unwrap_or_default();
    for _ in 0..TRIES {
        let mut session = app.open_ledger(org, &organization.name, bucket).await?;
        let mut decisions = Vec::new();
        let mut groups: Vec<PollGroup> = Vec::new();
        for intent in intents {
            if app.tables.get(Table::Exposure, session.partition(), &done_key(intent)).await?.is_some() {
                continue;
            }
            decisions.extend(apply(app, org, &session, intent, &mut groups).await?);
        }
        for group in &groups {
            PollGroup::hint_now(app, org, bucket, group).await?;
            decisions.push(Decision { ops: vec![group.op()?], ..Decision::default() });
        }
        match session.commit(decisions).await {
            Ok(_) => break,
            Err(CommitError::Overtaken | CommitError::Unknown) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let ops = intents.iter().map(|i| Op::Delete { key: format!("{PREFIX}{}", i.id), etag: None }).collect();
    let batch = Batch { table: Table::Assets, partition: org.to_string(), ops, witness: None };
    app.tables.commit(batch).await?;
    Ok(())
}

/// The mark that an intent was done: inserted with what it did, so that a repeat does nothing twice.
fn done_key(intent: &Intent) -> String {
    format!("x|{}", intent.id)
}

async fn apply(
    app: &App,
    org: &OrgId,
    session: &Session<'_>,
    intent: &Intent,
    groups: &mut Vec<PollGroup>,
) -> Result<Vec<Decision>, Error> {
    let stored = match intent.kind {
        IntentKind::Deleted => tombstone(&*app.tables, org, &intent.asset).await?,
        IntentKind::Created | IntentKind::Updated | IntentKind::Retired => {
            read_asset(&*app.tables, org, &intent.asset).await?
        }
    };
    let Some(asset) = stored else { return Ok(Vec::new()) };
    let place = if let Some(place) = groups.iter().position(|g| g.id == asset.group) {
        place
    } else {
        groups.push(PollGroup::read(app, session.partition(), asset.group).await?);
        groups.len() - 1
    };
    let group = &mut groups[place];
    let mut decisions = Vec::new();
    match intent.kind {
        IntentKind::Created => group.members.push(Member::new(&asset.id, app.now())),
        IntentKind::Updated => group.refresh(&asset, app.now()),
        IntentKind::Retired => {
            group.members.retain(|m| m.asset != asset.id.ulid);
            decisions = resolve_all(app, session, &asset, intent).await?;
        }
        IntentKind::Deleted => decisions = findings::forget(app, session.partition(), &asset).await?,
    }
    let mark = rows::encode(done_key(intent), &intent.at)?;
    decisions.push(Decision {
        ops: vec![Op::Insert(mark)],
        drafts: vec![draft(&asset, intent)],
        ..Decision::default()
    });
    Ok(decisions)
}

async fn resolve_all(app: &App, session: &Session<'_>, asset: &Asset, intent: &Intent) -> Result<Vec<Decision>, Error> {
    let stored = findings::load(app, session.partition(), asset).await?;
    let mut decisions = Vec::new();
    for row in stored.findings() {
        if let Some(step) = lifecycle::resolve(&row.finding, Resolution::AssetRetired, app.now(), intent.actor.clone())
        {
            decisions.push(stored.decision(&step, asset, false, app.now()));
        }
    }
    Ok(decisions)
}

fn draft(asset: &Asset, intent: &Intent) -> Draft {
    let kind = match intent.kind {
        IntentKind::Created => EventType::AssetCreated,
        IntentKind::Updated => EventType::AssetUpdated,
        IntentKind::Retired => EventType::AssetRetired,
        IntentKind::Deleted => EventType::AssetDeleted,
    };
    let monitoring = serde_json::json!({"status": if asset.retired_at.is_some() || !asset.enabled { "PAUSED" } else { "WAITING" }, "lastError": null, "lastPolledAt": null});
    Draft {
        kind,
        subjects: Subjects { asset: Some(asset.id.clone()), asset_tags: asset.tags.clone(), ..Subjects::default() },
        actor: intent.actor.clone(),
        changes: intent.changes.clone(),
        first_poll: false,
        action: Action::None,
        parts: vec![("asset", payload::asset_part(asset)), ("monitoring", monitoring)],
    }
}

/// Marks the organization, so that the tick looks for what a crash left; comes before the batch with the intent.
pub(super) async fn mark(app: &App, org: &OrgId) -> Result<(), StoreError> {
    app.mark_dirty(org, super::register::BUCKET).await
}

/// How many assets are active in each group.
pub(super) fn group_for(register: &Register, more: &[Asset]) -> u32 {
    let all = || register.assets().chain(more);
    let last = all().map(|a| a.group).max().unwrap_or(0);
    let members = all().filter(|a| a.group == last && a.retired_at.is_none()).count();
    if members >= crate::poll::GROUP_SIZE { last + 1 } else { last }
}
