use domain::actor::Actor;
use domain::event::{Action, Draft, EventType, Subjects};
use domain::ids::Bucket;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::Organization;
use crate::ports::{Batch, Op, SourceError, SourceKey, Table};
use crate::{App, Error, rows};

/// A fault of the source itself: one event per organization, not one per asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    message: String,
    /// Somebody has to act: told at once.
    act: bool,
}

impl Trouble {
    pub(super) fn down(error: &SourceError) -> Self {
        Self { message: error.to_string(), act: false }
    }
}

/// Is the error the source's fault for every asset?
pub(super) fn trouble(error: &SourceError) -> Option<Trouble> {
    match error {
        SourceError::BadKey | SourceError::OutOfCredits => Some(Trouble { message: error.to_string(), act: true }),
        SourceError::RateLimited { .. } => Some(Trouble { message: error.to_string(), act: false }),
        SourceError::PlanTooLow(_) | SourceError::Rejected(_) | SourceError::Unavailable(_) => None,
    }
}

/// How a source stands for an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SourceState {
    /// `Shodan` or `InternetDB`.
    pub name: String,
    /// Since when it fails.
    pub since: Option<Timestamp>,
    /// Failed ticks in a row.
    pub ticks: u32,
    /// `SOURCE_FAILING` was told.
    pub told: bool,
    /// What it says.
    pub message: Option<String>,
    /// When it last answered.
    pub last_success: Option<Timestamp>,
    /// When it was last asked.
    pub checked: Option<Timestamp>,
}

/// Failed ticks after which a source that may recover by itself is told of.
const TICKS: u32 = 3;
/// A success is written at most so often.
const FRESH_SECONDS: i64 = 3600;

/// The states of an organization's sources.
pub async fn states(app: &App, organization: &Organization) -> Result<Vec<SourceState>, Error> {
    let mut found = Vec::new();
    for name in ["Shodan", "InternetDB"] {
        let row = app.tables.get(Table::Accounts, &partition(organization), &format!("source:{name}")).await?;
        found.extend(row.as_ref().map(rows::decode).transpose()?);
    }
    Ok(found)
}

fn partition(organization: &Organization) -> String {
    format!("org:{}", organization.id)
}

/// Writes down how a source stood in a round, and tells of what changed.
pub(super) async fn settle(
    app: &App,
    organization: &Organization,
    key: &SourceKey,
    trouble: Option<Trouble>,
    answered: bool,
) -> Result<(), Error> {
    let name = match key {
        SourceKey::Shodan(_) => "Shodan",
        SourceKey::InternetDb => "InternetDB",
    };
    let row_key = format!("source:{name}");
    let row = app.tables.get(Table::Accounts, &partition(organization), &row_key).await?;
    let before: SourceState = row.as_ref().map(rows::decode).transpose()?.unwrap_or_default();
    let now = app.now();
    let mut after = SourceState { name: name.into(), checked: Some(now), ..before.clone() };
    let mut event = None;
    match trouble {
        Some(trouble) => {
            after.since = after.since.or(Some(now));
            after.ticks += 1;
            after.message = Some(trouble.message);
            if !after.told && (trouble.act || after.ticks >= TICKS) {
                after.told = true;
                event = Some(EventType::SourceFailing);
            }
        }
        None if answered => {
            event = before.told.then_some(EventType::SourceRecovered);
            after = SourceState {
                name: name.into(),
                last_success: Some(now),
                checked: Some(now),
                ..SourceState::default()
            };
            let fresh = before.last_success.is_some_and(|t| now.duration_since(t).as_secs() < FRESH_SECONDS);
            if event.is_none() && fresh && before.since.is_none() {
                return Ok(());
            }
        }
        None => return Ok(()),
    }
    if let Some(kind) = event {
        let source = json!({"name": name, "since": before.since.or(after.since), "message": after.message, "affectedAssets": null, "creditsLeft": null, "resetsAt": null});
        let draft = Draft {
            kind,
            subjects: Subjects::default(),
            actor: Actor::system(),
            changes: Vec::new(),
            first_poll: false,
            action: Action::None,
            parts: vec![("source", source)],
        };
        app.announce(&organization.id, Bucket::default(), vec![draft]).await?;
    }
    let ops = vec![Op::Upsert(rows::encode(row_key, &after)?)];
    app.tables.commit(Batch { table: Table::Accounts, partition: partition(organization), ops, witness: None }).await?;
    Ok(())
}
