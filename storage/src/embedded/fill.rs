//! Putting a whole store back: into an empty one, all of it or nothing.

use std::io::Read;

use app::ports::{StoreError, Table};
use redb::{Database, ReadableDatabase, ReadableTableMetadata};
use thiserror::Error;

use super::{failed, queue, rows};
use crate::archive::{ArchiveError, Contents, Reader, Record};
use crate::encoding::encode;
use crate::limits;

/// Why a store is not filled. It is as empty as before.
#[derive(Debug, Error)]
pub enum FillError {
    /// It holds something already.
    #[error("the store is not empty: it holds {0} rows. Restore into an empty directory")]
    NotEmpty(u64),
    /// What comes in.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Where it goes.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file that belongs beside the store.
    #[error("{name}: {error}")]
    File {
        /// Its name.
        name: String,
        /// Why it could not be put there.
        error: std::io::Error,
    },
}

/// Takes the archive to its end, its checksum included, before anything of it is kept. `keep` puts files beside the
/// store. Rows are kept last: a crash before leaves a store that is still empty, and is filled anew.
pub(super) fn fill<R: Read>(
    tables: &Database,
    queues: &Database,
    archive: &mut Reader<R>,
    keep: &mut dyn FnMut(&str, &[u8]) -> std::io::Result<()>,
) -> Result<Contents, FillError> {
    match count(tables)? {
        0 => {}
        rows => return Err(FillError::NotEmpty(rows)),
    }
    let (rows, messages) = (tables.begin_write().map_err(failed)?, queues.begin_write().map_err(failed)?);
    // What a queue holds without a row that it is about is of no use to anybody.
    queue::empty(&messages)?;
    let mut number = 0;
    while let Some(record) = archive.next_record()? {
        number += 1;
        match record {
            Record::Row { table, partition, key, columns } => {
                limits::place(&partition, &key).map_err(StoreError::from)?;
                rows::put(&rows, table, (&partition, &key), &encode(number, &columns))?;
            }
            Record::Message { queue, body, visible_at, received } => {
                queue::put_back(&messages, queue, (visible_at, number), (received, &body))?;
            }
            Record::File { name, content } => {
                keep(&name, &content).map_err(|error| FillError::File { name, error })?;
            }
        }
    }
    rows::remember_version(&rows, number)?;
    queue::remember_number(&messages, number)?;
    messages.commit().map_err(failed)?;
    rows.commit().map_err(failed)?;
    Ok(archive.contents())
}

/// Rows of all tables.
pub(super) fn count(tables: &Database) -> Result<u64, StoreError> {
    let tx = tables.begin_read().map_err(failed)?;
    let lengths = Table::ALL.map(|table| tx.open_table(rows::definition(table)).map_err(failed)?.len().map_err(failed));
    lengths.into_iter().sum()
}
