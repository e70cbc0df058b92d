//! The rows of the table `intelligence`, partition `book`: `!state`, CISA's catalogue in `k|…`, what is judged by in 64
//! shards `f|…`, what people read in `d|{cve}`, and changes that are still to be acted on in `c|…`.

use std::collections::{BTreeMap, BTreeSet};

use domain::cve::CveId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::feed::Feed;
use super::learn::Pace;
use super::noted::{Details, Noted};
use crate::agenda::{self, Mark};
use crate::ports::{Batch, Commit, Etag, KnownExploited, Op, Row, StoreError, Table};
use crate::{App, rows};

pub(super) const BOOK: &str = "book";
pub(super) const CATALOGUE: &str = "k|";
pub(super) const SHARDS: &str = "f|";
pub(super) const CHANGES: &str = "c|";
const STATE: &str = "!state";
/// Entries of CISA's catalogue in one row: with what CISA wants done at most 250 KB.
const IN_ONE_ROW: usize = 400;
/// 10 000 CVEs are some 40 KB a shard.
const SHARD_COUNT: u32 = 64;
/// A process has all shards in hand when it writes; so many go together, well below what a batch may hold.
pub(super) const SHARDS_AT_ONCE: usize = 16;
/// CVEs that one change names.
const CHANGED_AT_ONCE: usize = 2_000;

/// How all publishers stand. Every write of the partition replaces it if unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct State {
    /// Rises with each change of what is judged by.
    pub revision: u64,
    /// Rows of the catalogue; 0: there is only the built-in one.
    pub catalogue: usize,
    pub kev: Feed,
    pub epss: Feed,
    pub cvedb: Feed,
    pub ssvc: Feed,
    pub pace: Pace,
    #[serde(skip)]
    etag: Option<Etag>,
}

/// CVEs of which something else is known now, and how far those whom it concerns were told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Change {
    pub cves: BTreeSet<CveId>,
    /// The first row of `watch` that was not looked at.
    #[serde(default)]
    pub from: String,
}

/// What one write changes.
#[derive(Default)]
pub(super) struct Write {
    pub ops: Vec<Op>,
    /// CVEs that are judged otherwise from now on.
    pub changed: BTreeSet<CveId>,
}

impl State {
    pub(super) async fn read(app: &App) -> Result<Self, StoreError> {
        let Some(row) = app.tables.get(Table::Intelligence, BOOK, STATE).await? else { return Ok(Self::default()) };
        Ok(Self { etag: Some(row.etag.clone()), ..rows::decode(&row)? })
    }

    /// Writes, together with whom it concerns. `false`: somebody else wrote in between; what they did counts.
    pub(super) async fn write(&mut self, app: &App, write: Write) -> Result<bool, StoreError> {
        let mut ops = write.ops;
        if !ops.is_empty() {
            self.revision += 1;
        }
        let changed: Vec<CveId> = write.changed.into_iter().collect();
        if !changed.is_empty() {
            // Before the change: the tick looks for as long as it takes to come.
            agenda::write(app, vec![Op::Upsert(agenda::reminder(app, Mark::Changes.key("")))]).await?;
        }
        for several in changed.chunks(CHANGED_AT_ONCE) {
            let change = Change { cves: several.iter().cloned().collect(), from: String::new() };
            ops.push(Op::Insert(rows::encode(format!("{CHANGES}{}", app.ulid()), &change)?));
        }
        let row = rows::encode(STATE, self)?;
        ops.push(match self.etag.take() {
            Some(etag) => Op::Replace(row, etag),
            None => Op::Insert(row),
        });
        let batch = Batch { table: Table::Intelligence, partition: BOOK.into(), ops, witness: None };
        if app.tables.commit(batch).await? != Commit::Done {
            return Ok(false);
        }
        let stands = Self::read(app).await?;
        let ours = Self { etag: None, ..stands.clone() } == *self;
        self.etag = stands.etag;
        Ok(ours)
    }
}

/// The rows of a catalogue, and those to delete of a longer one before it.
pub(super) fn catalogue(entries: &[KnownExploited], before: usize) -> Result<(Vec<Op>, usize), StoreError> {
    let mut ops = Vec::new();
    for (number, several) in entries.chunks(IN_ONE_ROW).enumerate() {
        ops.push(Op::Upsert(rows::encode(format!("{CATALOGUE}{number:02}"), &several)?));
    }
    let now = ops.len();
    ops.extend((now..before).map(|number| Op::Delete { key: format!("{CATALOGUE}{number:02}"), etag: None }));
    Ok((ops, now))
}

/// The rows of those shards that hold one of these CVEs, of all that is noted; by shard.
pub(super) fn shards(
    noted: &BTreeMap<CveId, Noted>,
    touched: &BTreeSet<CveId>,
) -> Result<BTreeMap<u32, Op>, StoreError> {
    let wanted: BTreeSet<u32> = touched.iter().map(shard).collect();
    let mut content: BTreeMap<u32, Vec<&Noted>> = wanted.iter().map(|number| (*number, Vec::new())).collect();
    for one in noted.values() {
        if let Some(shard) = content.get_mut(&shard(&one.cve)) {
            shard.push(one);
        }
    }
    content
        .into_iter()
        .map(|(number, all)| Ok((number, Op::Upsert(rows::encode(format!("{SHARDS}{number:02}"), &all)?))))
        .collect()
}

/// By its number, so that neighbours lie apart.
pub(super) fn shard(cve: &CveId) -> u32 {
    let number =
        cve.as_str().bytes().rev().take_while(u8::is_ascii_digit).fold((0_u32, 1_u32), |(sum, place), digit| {
            (sum.wrapping_add(u32::from(digit - b'0').wrapping_mul(place)), place.wrapping_mul(10))
        });
    number.0 % SHARD_COUNT
}

/// What people read about a CVE.
pub(super) fn details_row(cve: &CveId, details: &Details) -> Result<Op, StoreError> {
    Ok(Op::Upsert(rows::encode(details_key(cve), details)?))
}

pub(super) fn details_key(cve: &CveId) -> String {
    format!("d|{cve}")
}

/// All rows under a prefix.
pub(super) async fn all(app: &App, partition: &str, prefix: &str) -> Result<Vec<Row>, StoreError> {
    rows::all(&*app.tables, Table::Intelligence, partition, prefix).await
}

/// Everything that lies in lists under a prefix.
pub(super) async fn listed<T: DeserializeOwned>(app: &App, prefix: &str) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    for row in all(app, BOOK, prefix).await? {
        found.extend(rows::decode::<Vec<T>>(&row)?);
    }
    Ok(found)
}

/// Writes or deletes rows that stand for themselves, whatever is there.
pub(super) async fn put(app: &App, partition: &str, ops: Vec<Op>) -> Result<(), StoreError> {
    for several in ops.chunks(90) {
        let ops = several.to_vec();
        let batch = Batch { table: Table::Intelligence, partition: partition.into(), ops, witness: None };
        if app.tables.commit(batch).await? != Commit::Done {
            return Err(StoreError::Unavailable("what is watched could not be written".into()));
        }
    }
    Ok(())
}
