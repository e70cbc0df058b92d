//! The row that says that a store is being filled from another one, and how far that has come.

use app::ports::{Batch, Commit, Op, Row, StoreError, Table, Tables, Value, WriteRow};

use super::Place;

/// Where it lies: beside the rows that say how the program stands.
pub(super) const TABLE: Table = Table::Schedule;
pub(super) const PARTITION: &str = "state";
pub(super) const KEY: &str = "migration";

/// How far a copy has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    /// What is copied.
    pub(super) source: String,
    /// The table in hand, as an index into [`Table::ALL`]; behind the last one the messages, and then the comparison.
    pub(super) stage: usize,
    /// The last row of it that was written.
    pub(super) after: Option<Place>,
}

/// The source of a copy into this store that was begun and not finished.
///
/// # Errors
/// Of the store.
pub async fn is_unfinished(store: &dyn Tables) -> Result<Option<String>, StoreError> {
    Ok(Marker::read(store).await?.map(|marker| marker.source))
}

impl Marker {
    pub(super) async fn read(store: &dyn Tables) -> Result<Option<Self>, StoreError> {
        store.get(TABLE, PARTITION, KEY).await?.map(|row| of(&row)).transpose()
    }

    pub(super) async fn write(&self, store: &dyn Tables) -> Result<Commit, StoreError> {
        let text = |name: &str, value: &str| (name.to_owned(), Value::Text(value.to_owned()));
        let mut columns = vec![
            ("v".to_owned(), Value::Int(1)),
            text("source", &self.source),
            ("stage".to_owned(), Value::Int(i64::try_from(self.stage).unwrap_or(i64::MAX))),
        ];
        if let Some(place) = &self.after {
            columns.extend([text("partition", &place.partition), text("key", &place.key)]);
        }
        commit(store, Op::Upsert(WriteRow { key: KEY.into(), columns })).await
    }

    pub(super) async fn remove(store: &dyn Tables) -> Result<Commit, StoreError> {
        commit(store, Op::Delete { key: KEY.into(), etag: None }).await
    }
}

/// Is this the marker? It belongs to the copy and not to what is copied.
pub(super) fn is(table: Table, partition: &str, row: &Row) -> bool {
    table == TABLE && partition == PARTITION && row.key == KEY
}

async fn commit(store: &dyn Tables, op: Op) -> Result<Commit, StoreError> {
    store.commit(Batch { table: TABLE, partition: PARTITION.into(), ops: vec![op], witness: None }).await
}

fn of(row: &Row) -> Result<Marker, StoreError> {
    let text = |name: &str| match row.column(name) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let stage = match row.column("stage") {
        Some(Value::Int(stage)) => usize::try_from(*stage).ok(),
        _ => None,
    };
    let after = text("partition").zip(text("key")).map(|(partition, key)| Place { partition, key });
    match (text("source"), stage) {
        (Some(source), Some(stage)) => Ok(Marker { source, stage, after }),
        _ => Err(StoreError::Corrupt("the mark of a copy cannot be understood".into())),
    }
}
