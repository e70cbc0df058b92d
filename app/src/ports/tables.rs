use async_trait::async_trait;
use thiserror::Error;

/// The tables of the program. What lies where: docs in `ARCHITECTURE.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// People, sessions, tokens, organizations.
    Accounts,
    /// Assets with the reservations that make targets unique.
    Assets,
    /// Services, findings, events, outbox, counts and directory of one organization's bucket.
    Exposure,
    /// What is due, and which outboxes are dirty.
    Schedule,
    /// Deliveries with their attempts, and what is to be retried when.
    Deliveries,
    /// Cached facts about vulnerabilities.
    Intelligence,
    /// Turns of the governor, throttles.
    Limits,
}

impl Table {
    /// All of them, for whoever creates or copies them.
    pub const ALL: [Self; 7] = [
        Self::Accounts,
        Self::Assets,
        Self::Exposure,
        Self::Schedule,
        Self::Deliveries,
        Self::Intelligence,
        Self::Limits,
    ];

    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Assets => "assets",
            Self::Exposure => "exposure",
            Self::Schedule => "schedule",
            Self::Deliveries => "deliveries",
            Self::Intelligence => "intelligence",
            Self::Limits => "limits",
        }
    }
}

/// One typed column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text of at most 32 768 UTF-16 units.
    Text(String),
    /// A 64-bit integer.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// At most 64 KiB of bytes.
    Bytes(Vec<u8>),
}

/// The columns of a row, in the order in which they were written. Names match `[A-Za-z_][A-Za-z0-9_]*`.
pub type Columns = Vec<(String, Value)>;

/// Names one version of a row; opaque.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Etag(pub String);

/// A row as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The row key within its partition.
    pub key: String,
    /// The columns.
    pub columns: Columns,
    /// The version that was read.
    pub etag: Etag,
}

impl Row {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Value> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }
}

/// A row to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteRow {
    /// The row key within its partition.
    pub key: String,
    /// All columns: a write replaces the whole row.
    pub columns: Columns,
}

/// One change of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Makes a new row; a conflict if it is there.
    Insert(WriteRow),
    /// Replaces the version of a row that was read; a conflict if it changed or is gone.
    Replace(WriteRow, Etag),
    /// Makes or replaces a row whatever was there.
    Upsert(WriteRow),
    /// Deletes a row, with an etag only that version. Without one, a missing row is no conflict.
    Delete {
        /// The row key.
        key: String,
        /// The only version to delete, if any.
        etag: Option<Etag>,
    },
}

impl Op {
    /// The row that the change is about.
    pub fn key(&self) -> &str {
        match self {
            Self::Insert(row) | Self::Replace(row, _) | Self::Upsert(row) => &row.key,
            Self::Delete { key, .. } => key,
        }
    }
}

/// Where to look whether a batch was applied when its answer got lost: the row of the batch whose text column
/// contains this commit's own id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The row, one that the batch writes.
    pub row: String,
    /// The text column that contains `id` afterwards.
    pub column: String,
    /// The commit's id, unique for ever.
    pub id: String,
}

/// Changes of one partition that are applied together or not at all: 1 to 100 changes, each row once, ≤ 4 MiB.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The table.
    pub table: Table,
    /// The partition key.
    pub partition: String,
    /// The changes.
    pub ops: Vec<Op>,
    /// What tells whether it was applied. Without one a lost answer to anything but deletes is [`Commit::Unknown`].
    pub witness: Option<Witness>,
}

/// Why a batch was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictKind {
    /// An insert found the row there.
    Exists,
    /// A replace or delete found another version.
    Changed,
    /// A replace or delete found no row.
    Missing,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commit {
    /// It was applied as a whole.
    Done,
    /// Nothing was applied: the change at `index` met another state.
    Conflict {
        /// Which change; `None` when the store did not say.
        index: Option<usize>,
        /// What it met.
        kind: ConflictKind,
    },
    /// The answer got lost and nothing told whether it was applied.
    Unknown,
}

/// The rows to read of one partition: `from` (included) up to `to` (excluded), ascending by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowRange {
    /// First key, included. Empty: from the start.
    pub from: String,
    /// End, excluded. `None`: to the end of the partition.
    pub to: Option<String>,
    /// At most so many rows (≥ 1).
    pub limit: usize,
}

impl RowRange {
    /// All rows whose key starts with `prefix`.
    pub fn prefix(prefix: &str, limit: usize) -> Self {
        let mut to = prefix.to_owned();
        let to = to.pop().map(|last| {
            let next = char::from_u32(last as u32 + 1).unwrap_or(char::MAX);
            to.push(next);
            to
        });
        Self { from: prefix.to_owned(), to, limit }
    }
}

/// A page of rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowPage {
    /// The rows, ascending by key.
    pub rows: Vec<Row>,
    /// Where the next page begins (`RowRange::from`), if there may be more.
    pub next: Option<String>,
}

/// Why a store refuses what no store could keep. The same on every store.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A key has a character that Azure refuses (`/ \ # ?`, control characters) or is longer than 512 characters.
    #[error("the key {key:?} cannot be stored: {why}")]
    Key {
        /// The key.
        key: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A column's name or value is out of bounds.
    #[error("the column {column:?} cannot be stored: {why}")]
    Column {
        /// The column.
        column: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A row is larger than 1 MiB or has more than 252 columns.
    #[error("the row {key:?} cannot be stored: {why}")]
    Row {
        /// The row.
        key: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A batch is empty, too long, too large, or names a row twice.
    #[error("the batch cannot be stored: {0}")]
    Batch(&'static str),
    /// A message is larger than 48 KiB before base64, or its delay longer than 7 days.
    #[error("the message cannot be stored: {0}")]
    Message(&'static str),
}

/// Why a store did not answer as asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No store could keep it: a fault of the caller, repeating does not help.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store could not be reached or is busy: repeat later. The text never holds a secret.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The store refuses our credential or lacks the table: somebody has to act.
    #[error("the store refuses access: {0}")]
    Denied(String),
    /// What was read cannot be understood.
    #[error("the store holds something unreadable: {0}")]
    Corrupt(String),
}

/// Ordered rows with conditional, atomic batches.
#[async_trait]
pub trait Tables: Send + Sync {
    /// Reads one row.
    async fn get(&self, table: Table, partition: &str, key: &str) -> Result<Option<Row>, StoreError>;
    /// Reads several rows of one partition, in the order asked, side by side.
    async fn get_many(&self, table: Table, partition: &str, keys: &[String]) -> Result<Vec<Option<Row>>, StoreError>;
    /// Reads a range of one partition, ascending.
    async fn range(&self, table: Table, partition: &str, range: RowRange) -> Result<RowPage, StoreError>;
    /// Applies a batch.
    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError>;
    /// Makes the tables and queues if they are not there yet. Cheap when they are.
    async fn prepare(&self) -> Result<(), StoreError>;
}
