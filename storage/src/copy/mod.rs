//! Moving a whole store into another one, of the same kind or of the other, and proving that both hold the same.
//!
//! Rows are copied as they are, so what is sealed stays sealed with the same key. Nothing is taken out of the store that
//! is read. What a run that broke off has done, the next one does not do again: where it was stands in the store that is
//! written. Never here: which stores, and what is shown to whoever waits.

mod digest;
mod marker;
mod run;

use std::time::Duration;

use app::ports::{Queue, QueueName, Row, StoreError, Table, Tables};
use async_trait::async_trait;
use thiserror::Error;

pub use digest::Digest;
pub use marker::is_unfinished;
pub use run::migrate;

/// A row with its partition.
pub type Located = (String, Row);

/// Where a row lies in its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The partition key.
    pub partition: String,
    /// The row key.
    pub key: String,
}

/// A message that is to be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The text as it was put.
    pub body: String,
    /// Visible after so long.
    pub delay: Duration,
}

/// A store that can be read as a whole. The program never does: it knows where everything is.
#[async_trait]
pub trait Whole: Tables + Queue {
    /// The next `limit` rows of a table behind a place, over all partitions, in an order that is always the same. Fewer
    /// only at the end.
    async fn scan(&self, table: Table, after: Option<&Place>, limit: usize) -> Result<Vec<Located>, StoreError>;

    /// The messages of a queue, as many as the store shows. They stay there.
    async fn waiting(&self, queue: QueueName) -> Result<Vec<Waiting>, StoreError>;
}

/// How far a copy has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Rows of this table were written, in this run.
    Copied(Table, u64),
    /// Both ends of this table were read and hold so many rows.
    Compared(Table, u64),
}

/// What is the same at both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Each table with its digest.
    pub tables: Vec<(Table, Digest)>,
    /// Messages that were put.
    pub messages: u64,
    /// Messages that the store did not show, because somebody works on them or their time has not come. What they are
    /// about stands in the tables, from where the program asks for it again.
    pub hidden: u64,
    /// An earlier run had begun.
    pub resumed: bool,
}

/// Why a copy is not complete.
#[derive(Debug, Error)]
pub enum CopyError {
    /// One of the stores.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store to be written holds something else.
    #[error("the store to be written is not empty: {0} has rows. Name one that nobody has used")]
    NotEmpty(&'static str),
    /// The store to be written was begun from another one.
    #[error("the store to be written holds the beginning of a copy of {0}: finish that one, or name another")]
    Another(String),
    /// The store to be read is itself only half there.
    #[error("the store to be read holds the beginning of a copy of {0}, which was never finished")]
    Half(String),
    /// A batch was refused by its state: somebody else writes there.
    #[error("somebody else writes to the store that is written: stop it, and run this again")]
    Contended,
    /// They do not hold the same.
    #[error(
        "they do not hold the same: {0}. Something wrote to one of them meanwhile: stop whatever serves from them, and copy into a store that nobody has used"
    )]
    Differs(String),
}
