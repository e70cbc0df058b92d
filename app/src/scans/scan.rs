use std::collections::BTreeMap;
use std::net::IpAddr;

use domain::actor::Actor;
use domain::ids::{OrgId, ScanId};
use domain::observation::Transport;
use domain::role::Action;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::{Caller, organization_partition};
use crate::ports::{Batch, Commit, Etag, Op, StoreError, Table, Value, Witness, WriteRow};
use crate::{App, Error, rows};

/// How far a scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScanState {
    /// Ordered, waiting.
    Submitted,
    /// Being carried out, or its results are being taken in.
    Running,
    /// Done, and what it saw is known.
    Done,
    /// It was refused, or nobody knows what became of it.
    Failed,
}

/// A port that is to be looked at, with its protocol in Shodan's words.
pub(super) type Wanted = (u16, Transport, String);

/// A scan of some of the organization's addresses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scan {
    /// Never changes.
    pub id: ScanId,
    /// How far it is.
    pub state: ScanState,
    /// What it looks at, ascending.
    pub ips: Vec<IpAddr>,
    /// The ports that it was asked for, by address; empty: all that are crawled.
    #[serde(default)]
    pub(super) ports: BTreeMap<IpAddr, Vec<Wanted>>,
    /// Shodan's id of it; `None`: its answer to the order is not known.
    #[serde(default)]
    pub(super) order: Option<String>,
    /// Scan credits that it cost, as far as is known.
    pub credits: u32,
    /// Who asked for it.
    pub requested_by: Actor,
    /// When.
    pub requested_at: Timestamp,
    /// When Shodan was first heard to be done.
    #[serde(default)]
    pub(super) done_at: Option<Timestamp>,
    /// How many addresses' results were taken in.
    #[serde(default)]
    pub(super) taken: usize,
    /// When its results were known, or it failed.
    #[serde(default)]
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
}

/// A scan with the version of its row.
pub(super) struct Stored {
    pub(super) scan: Scan,
    pub(super) etag: Etag,
}

const BY: &str = "by";

/// A scan of the caller's organization.
pub async fn scan(app: &App, caller: &Caller, id: &ScanId) -> Result<Option<Scan>, Error> {
    caller.may(Action::Read)?;
    Ok(read(app, &caller.org, id).await?.map(|stored| stored.scan))
}

pub(super) fn key(id: &ScanId) -> String {
    format!("scan|{}", id.ulid())
}

pub(super) async fn read(app: &App, org: &OrgId, id: &ScanId) -> Result<Option<Stored>, StoreError> {
    let row = app.tables.get(Table::Accounts, &organization_partition(org), &key(id)).await?;
    let stored = |row: crate::ports::Row| Ok(Stored { scan: rows::decode(&row)?, etag: row.etag });
    row.map(stored).transpose()
}

/// The row of a scan, marked with an id of its own, so that a lost answer can be looked up.
pub(super) fn row(app: &App, scan: &Scan) -> Result<(WriteRow, Witness), StoreError> {
    let by = app.ulid();
    let written = rows::encode_with(key(&scan.id), scan, vec![(BY.into(), Value::Text(by.clone()))])?;
    let witness = Witness { row: written.key.clone(), column: BY.into(), id: by };
    Ok((written, witness))
}

/// Writes a scan in place of what was read. [`Error::Busy`]: somebody else was faster.
pub(super) async fn write(app: &App, org: &OrgId, stored: Stored) -> Result<(), Error> {
    let (written, witness) = row(app, &stored.scan)?;
    let batch = Batch {
        table: Table::Accounts,
        partition: organization_partition(org),
        ops: vec![Op::Replace(written, stored.etag)],
        witness: Some(witness),
    };
    match app.tables.commit(batch).await? {
        Commit::Done => Ok(()),
        Commit::Conflict { .. } | Commit::Unknown => Err(Error::Busy),
    }
}
