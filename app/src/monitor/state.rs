use domain::ids::OrgId;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::access::organization_partition;
use crate::ports::{Batch, Op, StoreError, Table};
use crate::{App, rows};

/// How it stands with an organization's alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MonitorState {
    /// The token in the address that Shodan posts to, sealed.
    pub(super) token: Option<String>,
    /// Our alerts: Shodan's ids of them.
    pub alerts: Vec<String>,
    /// How many addresses they watch.
    pub addresses: u64,
    /// What is not watched, for want of monitored addresses.
    pub left_out: Vec<String>,
    /// What the alerts were brought in step with.
    pub(super) reached: String,
    /// When the account was last looked at.
    pub checked_at: Option<Timestamp>,
    /// Why they are not in step.
    pub error: Option<String>,
}

/// What was pushed lately, to the minute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pushes {
    /// When the last one was taken.
    pub taken_at: Option<Timestamp>,
    /// When the last one was refused.
    pub refused_at: Option<Timestamp>,
    /// Why.
    pub refused: Option<String>,
}

pub(super) const KEY: &str = "monitor";
const PUSHES: &str = "monitor|pushes";

/// How it stands with an organization's alerts, and with what they pushed.
pub async fn state(app: &App, org: &OrgId) -> Result<(MonitorState, Pushes), StoreError> {
    Ok((read(app, org, KEY).await?, read(app, org, PUSHES).await?))
}

pub(super) async fn stored(app: &App, org: &OrgId) -> Result<MonitorState, StoreError> {
    read(app, org, KEY).await
}

pub(super) async fn store(app: &App, org: &OrgId, state: &MonitorState) -> Result<(), StoreError> {
    write(app, org, KEY, state).await
}

/// Notes what became of a push: once a minute, since it is for people to see.
pub(super) async fn note(app: &App, org: &OrgId, refused: Option<&str>) -> Result<(), StoreError> {
    let mut pushes: Pushes = read(app, org, PUSHES).await?;
    let now = app.now();
    let last = if refused.is_some() { pushes.refused_at } else { pushes.taken_at };
    if last.is_some_and(|last| now.duration_since(last).as_secs() < 60) {
        return Ok(());
    }
    match refused {
        Some(why) => (pushes.refused_at, pushes.refused) = (Some(now), Some(why.to_owned())),
        None => pushes.taken_at = Some(now),
    }
    write(app, org, PUSHES, &pushes).await
}

async fn read<T: DeserializeOwned + Default>(app: &App, org: &OrgId, key: &str) -> Result<T, StoreError> {
    let row = app.tables.get(Table::Accounts, &organization_partition(org), key).await?;
    Ok(row.as_ref().map(rows::decode).transpose()?.unwrap_or_default())
}

async fn write<T: Serialize>(app: &App, org: &OrgId, key: &str, thing: &T) -> Result<(), StoreError> {
    let ops = vec![Op::Upsert(rows::encode(key, thing)?)];
    let partition = organization_partition(org);
    app.tables.commit(Batch { table: Table::Accounts, partition, ops, witness: None }).await.map(|_| ())
}
