//! A whole store as one stream of bytes: what a backup is made of.
//!
//! Layout: the words `iotmonitor store`, a version (2 bytes) and the instant at which it was taken (8, milliseconds
//! since 1970); then records, each a kind (1), a length (4) and that many bytes; the last one counts them and carries
//! the SHA-256 of everything before. Numbers are little-endian. A stream that was cut, damaged or lengthened is
//! recognized. Never here: a meaning of a row, or where the bytes come from and go.

mod read;
mod write;

use std::io;

use app::ports::{Columns, QueueName, Table};
use thiserror::Error;

pub use read::Reader;
pub use write::Writer;

const MAGIC: &[u8; 16] = b"iotmonitor store";
const VERSION: u16 = 1;

const ROW: u8 = 1;
const MESSAGE: u8 = 2;
const FILE: u8 = 3;
const END: u8 = 0xff;

/// No record is longer: a row is 1 MiB at most as Azure counts it.
const LONGEST: u32 = 4 * 1024 * 1024;

/// One thing of a store.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A row, without its version: whoever restores it gives a new one.
    Row {
        /// The table.
        table: Table,
        /// The partition key.
        partition: String,
        /// The row key.
        key: String,
        /// The columns.
        columns: Columns,
    },
    /// A message, visible or not.
    Message {
        /// The queue.
        queue: QueueName,
        /// The text as it was put.
        body: String,
        /// Visible from this instant on, in milliseconds since 1970.
        visible_at: u64,
        /// How often it was received.
        received: u32,
    },
    /// A small file that belongs beside the store. Comes before all rows.
    File {
        /// Its name: never a path.
        name: String,
        /// What it holds.
        content: Vec<u8>,
    },
}

/// What an archive holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Rows of all tables.
    pub rows: u64,
    /// Messages of all queues.
    pub messages: u64,
    /// Files beside the store.
    pub files: u64,
}

impl Contents {
    fn count(&mut self, record: &Record) {
        *match record {
            Record::Row { .. } => &mut self.rows,
            Record::Message { .. } => &mut self.messages,
            Record::File { .. } => &mut self.files,
        } += 1;
    }
}

/// Why an archive cannot be written or read.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The file or the connection.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("it is no backup of iotmonitor")]
    NotOurs,
    /// A later version of the program has written it.
    #[error(
        "it has format {0}, and this iotmonitor knows format {VERSION}: use the version that made it, or a later one"
    )]
    Later(u16),
    /// It ends before its end.
    #[error("it is not complete: it was cut off, or its making was interrupted")]
    Cut,
    /// Its bytes are not those that were written.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
}

#[cfg(test)]
mod tests;
