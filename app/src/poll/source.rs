use domain::actor::Actor;
use domain::event::{Action, Draft, EventType, Subjects};
use domain::ids::Bucket;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::budget::Budget;
use crate::access::Organization;
use crate::ports::{Batch, Op, SourceError, SourceKey, Table};
use crate::{App, Error, rows};

/// A fault of the source itself: one event per organization, not one per asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    message: String,
    /// Somebody has to act: told at once.
    act: bool,
    /// Nothing more can be asked.
    stops: bool,
}

impl Trouble {
    pub(super) fn down(error: &SourceError) -> Self {
        Self { message: error.to_string(), act: false, stops: true }
    }

    /// The credits are used up, if they are. Look-ups, which cost none, go on.
    pub(super) fn used_up(budget: &Budget, now: Timestamp) -> Option<Self> {
        let left = budget.query_credits.unwrap_or(0);
        let day = Budget::resets_at(now).strftime("%Y-%m-%d").to_string();
        let message = format!(
            "the month's query credits are used up ({left} left, a reserve): networks and queries wait until {day}, \
             devices are looked up one by one"
        );
        budget.is_used_up(now).then_some(Self { message, act: true, stops: false })
    }

    /// Is there no use in asking on?
    pub(super) const fn stops(&self) -> bool {
        self.stops
    }
}

/// Is the error the source's fault for every asset?
pub(super) fn trouble(error: &SourceError) -> Option<Trouble> {
    match error {
        SourceError::BadKey => Some(Trouble { message: error.to_string(), act: true, stops: true }),
        SourceError::OutOfCredits => Some(Trouble { message: error.to_string(), act: true, stops: false }),
        SourceError::RateLimited { .. } => Some(Trouble { message: error.to_string(), act: false, stops: true }),
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
    /// Month and percentage at which it was told that credits run low.
    pub warned: Option<(u32, u64)>,
}

/// Failed ticks after which a source that may recover by itself is told of.
const TICKS: u32 = 3;
/// Percent of a month's credits at which it is told that they run low.
const LOW: [u64; 2] = [20, 5];
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
    budget: &Budget,
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
    if answered {
        after.last_success = Some(now);
    }
    let mut events = Vec::new();
    match trouble {
        Some(trouble) => {
            after.since = after.since.or(Some(now));
            after.ticks += 1;
            after.message = Some(trouble.message);
            if !after.told && (trouble.act || after.ticks >= TICKS) {
                after.told = true;
                events.push(EventType::SourceFailing);
            }
        }
        None if answered => {
            events.extend(before.told.then_some(EventType::SourceRecovered));
            (after.since, after.ticks, after.told, after.message) = (None, 0, false, None);
        }
        None => {}
    }
    if let Some(percent) = low(budget)
        && after.warned.is_none_or(|(month, told)| month != budget.month || told > percent)
    {
        after.warned = Some((budget.month, percent));
        events.push(EventType::CreditsLow);
    }
    let drafts: Vec<Draft> = events.iter().map(|kind| draft(*kind, &after, before.since, budget, now)).collect();
    let fresh = before.last_success.is_some_and(|t| now.duration_since(t).as_secs() < FRESH_SECONDS);
    if drafts.is_empty() && after.since.is_none() && before.since.is_none() && (fresh || !answered) {
        return Ok(());
    }
    if !drafts.is_empty() {
        app.announce(&organization.id, Bucket::default(), drafts).await?;
    }
    let ops = vec![Op::Upsert(rows::encode(row_key, &after)?)];
    app.tables.commit(Batch { table: Table::Accounts, partition: partition(organization), ops, witness: None }).await?;
    Ok(())
}

/// The least of the percentages that is to be told of and was passed.
fn low(budget: &Budget) -> Option<u64> {
    let left = budget.percent_left()?;
    LOW.into_iter().filter(|percent| left <= *percent).min()
}

fn draft(kind: EventType, state: &SourceState, since: Option<Timestamp>, budget: &Budget, now: Timestamp) -> Draft {
    let message = match (kind, budget.exhausted_on(now)) {
        (EventType::CreditsLow, Some(end)) => Some(format!(
            "{} query credits are left this month; at this pace they end on {}",
            budget.query_credits.unwrap_or(0),
            end.strftime("%Y-%m-%d")
        )),
        (EventType::CreditsLow, None) => {
            Some(format!("{} query credits are left this month", budget.query_credits.unwrap_or(0)))
        }
        _ => state.message.clone(),
    };
    let resets = budget.query_credits.map(|_| Budget::resets_at(now));
    let source = json!({
        "name": state.name,
        "since": since.or(state.since),
        "message": message,
        "affectedAssets": null,
        "creditsLeft": budget.query_credits,
        "resetsAt": resets,
    });
    Draft {
        kind,
        subjects: Subjects::default(),
        actor: Actor::system(),
        changes: Vec::new(),
        first_poll: false,
        action: Action::None,
        parts: vec![("source", source)],
    }
}
