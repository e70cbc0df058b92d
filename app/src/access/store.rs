use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ports::{Batch, Commit, Etag, Op, Row, RowRange, StoreError, Table, Value, Witness, WriteRow};
use crate::{App, Error, rows};

/// A thing with the version of its row.
pub(super) struct Stored<T> {
    pub(super) thing: T,
    pub(super) etag: Etag,
}

impl<T: DeserializeOwned> Stored<T> {
    fn of(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { thing: rows::decode(row)?, etag: row.etag.clone() })
    }
}

/// Reads one thing.
pub(super) async fn read<T: DeserializeOwned>(
    app: &App,
    table: Table,
    partition: &str,
    key: &str,
) -> Result<Option<Stored<T>>, StoreError> {
    app.tables.get(table, partition, key).await?.as_ref().map(Stored::of).transpose()
}

/// Reads two things of one partition of `accounts`, side by side.
pub(super) async fn read_both<A: DeserializeOwned, B: DeserializeOwned>(
    app: &App,
    partition: &str,
    keys: [String; 2],
) -> Result<(Option<Stored<A>>, Option<Stored<B>>), StoreError> {
    let found = app.tables.get_many(Table::Accounts, partition, &keys).await?;
    let row = |index: usize| found.get(index).and_then(Option::as_ref);
    Ok((row(0).map(Stored::of).transpose()?, row(1).map(Stored::of).transpose()?))
}

/// Reads the things of `accounts` whose keys begin with `prefix`, at most `limit`.
pub(super) async fn list<T: DeserializeOwned>(
    app: &App,
    partition: &str,
    prefix: &str,
    limit: usize,
) -> Result<Vec<T>, StoreError> {
    let mut things = Vec::new();
    let mut next = Some(RowRange::prefix(prefix, limit));
    while let Some(range) = next {
        let page = app.tables.range(Table::Accounts, partition, range.clone()).await?;
        for row in &page.rows {
            things.push(rows::decode(row)?);
        }
        let rest = limit.saturating_sub(things.len());
        next = page.next.filter(|_| rest > 0).map(|from| RowRange { from, limit: rest, ..range });
    }
    Ok(things)
}

/// One write. Each of its rows carries its id in `by`, so that a lost answer can be looked up.
pub(super) struct Command<'a> {
    app: &'a App,
    id: String,
}

const BY: &str = "by";

impl<'a> Command<'a> {
    pub(super) fn new(app: &'a App) -> Self {
        Self { app, id: app.ulid() }
    }

    /// The row of a thing.
    pub(super) fn row<T: Serialize>(&self, key: impl Into<String>, thing: &T) -> Result<WriteRow, StoreError> {
        rows::encode_with(key, thing, vec![(BY.into(), Value::Text(self.id.clone()))])
    }

    /// Applies the changes together.
    pub(super) async fn commit(self, table: Table, partition: &str, ops: Vec<Op>) -> Result<Commit, StoreError> {
        let written = ops.iter().find(|op| is_ours(op, &self.id));
        let witness = written.map(|op| Witness { row: op.key().to_owned(), column: BY.into(), id: self.id });
        self.app.tables.commit(Batch { table, partition: partition.to_owned(), ops, witness }).await
    }

    /// Applies the changes to `accounts`, where nobody else should be in the way.
    pub(super) async fn apply(self, partition: &str, ops: Vec<Op>) -> Result<(), Error> {
        match self.commit(Table::Accounts, partition, ops).await? {
            Commit::Done => Ok(()),
            Commit::Conflict { .. } | Commit::Unknown => Err(Error::Busy),
        }
    }
}

/// Was the row made by this command? Rows of the audit log are not: they carry no `by`.
fn is_ours(op: &Op, id: &str) -> bool {
    match op {
        Op::Insert(row) | Op::Replace(row, _) | Op::Upsert(row) => {
            row.columns.iter().any(|(name, value)| name == BY && *value == Value::Text(id.to_owned()))
        }
        Op::Delete { .. } => false,
    }
}
