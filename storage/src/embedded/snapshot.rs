//! Everything that the store held at one instant, while others go on writing.

use app::ports::{QueueName, StoreError, Table};
use redb::{Database, ReadTransaction, ReadableDatabase};

use super::{failed, queue, rows};
use crate::archive::Record;

/// What lay in the store at one instant, rows and messages together: what a process that is killed then would leave.
/// Space that is freed while it is held stays taken in the files.
pub struct Snapshot {
    tables: ReadTransaction,
    queues: ReadTransaction,
}

/// Both files are held still for as long as it takes to begin reading: nothing lies between the two.
pub(super) fn take(tables: &Database, queues: &Database) -> Result<Snapshot, StoreError> {
    let (still, quiet) = (tables.begin_write().map_err(failed)?, queues.begin_write().map_err(failed)?);
    let snapshot =
        Snapshot { tables: tables.begin_read().map_err(failed)?, queues: queues.begin_read().map_err(failed)? };
    quiet.abort().map_err(failed)?;
    still.abort().map_err(failed)?;
    Ok(snapshot)
}

impl Snapshot {
    /// Every row, table by table and in order, and then every message. Reads as it is asked: memory holds one.
    pub fn records(&self) -> impl Iterator<Item = Result<Record, StoreError>> + '_ {
        let rows = Table::ALL.into_iter().flat_map(|table| self.rows(table));
        let messages = queue::QUEUES.into_iter().flat_map(|queue| self.messages(queue));
        rows.chain(messages)
    }

    fn rows(&self, table: Table) -> Box<dyn Iterator<Item = Result<Record, StoreError>> + '_> {
        let whole = self.tables.open_table(rows::definition(table)).map_err(failed);
        let found = whole.and_then(|rows| rows.range::<(&str, &str)>(..).map_err(failed));
        match found {
            Err(error) => Box::new(std::iter::once(Err(error))),
            Ok(found) => Box::new(found.map(move |found| {
                let (place, value) = found.map_err(failed)?;
                let (partition, key) = place.value();
                let row = rows::row(key, value.value())?;
                Ok(Record::Row { table, partition: partition.to_owned(), key: row.key, columns: row.columns })
            })),
        }
    }

    fn messages(&self, queue: QueueName) -> Box<dyn Iterator<Item = Result<Record, StoreError>> + '_> {
        let whole = self.queues.open_table(queue::definition(queue)).map_err(failed);
        let found = whole.and_then(|messages| messages.range::<(u64, u64)>(..).map_err(failed));
        match found {
            Err(error) => Box::new(std::iter::once(Err(error))),
            Ok(found) => Box::new(found.map(move |found| {
                let (place, value) = found.map_err(failed)?;
                let ((visible_at, _), (received, body)) = (place.value(), value.value());
                Ok(Record::Message { queue, body: body.to_owned(), visible_at, received })
            })),
        }
    }
}
