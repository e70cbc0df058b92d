//! The store of one machine: two redb files in one directory, written by this process alone.
//!
//! Reads run on the caller's thread (about a microsecond); writes are handed to one thread per file, which writes all
//! that waits in one transaction. Azure's rules are checked in front, so that data can move there.

mod files;
mod fill;
mod queue;
mod read_only;
mod rows;
mod snapshot;
mod writer;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::ports::{Batch, Clock, Commit, Message, Queue, QueueName, Row, RowPage, RowRange, StoreError, Table, Tables};
use async_trait::async_trait;
use redb::Database;

pub use self::fill::FillError;
use self::queue::{QueueJob, Task};
pub use self::read_only::ReadOnly;
use self::rows::CommitJob;
pub use self::snapshot::Snapshot;
use self::writer::Writer;
use crate::archive::{Contents, Reader};
use crate::copy::{Located, Place, Waiting, Whole};
use crate::limits;

/// Tables and queues in one directory. Cheap to share behind an `Arc`; dropping it writes what was handed in and
/// lets go of the files.
pub struct Embedded {
    commits: Writer<CommitJob>,
    tasks: Writer<QueueJob>,
    tables: Arc<Database>,
    queues: Arc<Database>,
    clock: Arc<dyn Clock>,
}

impl Embedded {
    /// Opens the directory, making it (for its owner alone) if it is not there.
    ///
    /// # Errors
    /// `Unavailable` when another process has it open, or the disk fails; `Corrupt` when the files are not ours.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let (tables, queues) = files::open(dir)?;
        rows::prepare(&tables)?;
        queue::prepare(&queues)?;
        let (tables, queues) = (Arc::new(tables), Arc::new(queues));
        let commits = {
            let tables = Arc::clone(&tables);
            Writer::start("write-tables", move |jobs| rows::commit(&tables, jobs))?
        };
        let tasks = {
            let queues = Arc::clone(&queues);
            Writer::start("write-queues", move |jobs| queue::work(&queues, jobs))?
        };
        Ok(Self { commits, tasks, tables, queues, clock })
    }

    /// Opens the rows of a directory for reading, while another process may write them. Queues cannot be read so.
    ///
    /// # Errors
    /// `Unavailable` when it is not there, or was not closed properly by the last writer.
    pub fn open_read_only(dir: &Path) -> Result<ReadOnly, StoreError> {
        files::open_read_only(dir).map(|tables| ReadOnly { tables })
    }

    /// Is there a store in this directory, of this process or of another?
    pub fn is_in(dir: &Path) -> bool {
        files::are_in(dir)
    }

    /// What lies in it now, to be read while others write. Waits for the writers, so it belongs on a thread that may.
    ///
    /// # Errors
    /// Of the disk.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        snapshot::take(&self.tables, &self.queues)
    }

    /// Fills an empty store with an archive, all of it or nothing. `keep` puts its files beside the store.
    ///
    /// # Errors
    /// A store that is not empty, an archive that is cut or damaged, the disk. It is as empty as before then.
    pub fn fill<R: Read>(
        &self,
        archive: &mut Reader<R>,
        mut keep: impl FnMut(&str, &[u8]) -> std::io::Result<()>,
    ) -> Result<Contents, FillError> {
        fill::fill(&self.tables, &self.queues, archive, &mut keep)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0)
    }

    async fn task(&self, queue: QueueName, task: Task) -> Result<Vec<Message>, StoreError> {
        self.tasks.ask(|answer| QueueJob { queue, task, answer }).await?
    }
}

#[async_trait]
impl Tables for Embedded {
    async fn get(&self, table: Table, partition: &str, key: &str) -> Result<Option<Row>, StoreError> {
        limits::place(partition, key)?;
        rows::get(&*self.tables, table, partition, key)
    }

    async fn get_many(&self, table: Table, partition: &str, keys: &[String]) -> Result<Vec<Option<Row>>, StoreError> {
        limits::places(partition, keys)?;
        rows::get_many(&*self.tables, table, partition, keys)
    }

    async fn range(&self, table: Table, partition: &str, range: RowRange) -> Result<RowPage, StoreError> {
        limits::key(partition)?;
        rows::range(&*self.tables, table, partition, &range)
    }

    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        limits::batch(&batch)?;
        self.commits.ask(|answer| CommitJob { batch, answer }).await?
    }

    /// Nothing to do: opening made the tables.
    async fn prepare(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl Queue for Embedded {
    async fn put(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), StoreError> {
        limits::message(body, delay)?;
        let visible_at = queue::later(self.now(), limits::whole_seconds(delay));
        self.task(queue, Task::Put { body: body.to_owned(), visible_at }).await.map(drop)
    }

    async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Result<Vec<Message>, StoreError> {
        let now = self.now();
        if max == 0 || !queue::has_visible(&self.queues, queue, now)? {
            return Ok(Vec::new());
        }
        let until = queue::later(now, limits::visibility(visibility));
        self.task(queue, Task::Receive { max: max.min(limits::MESSAGES), now, until }).await
    }

    async fn delete(&self, queue: QueueName, message: &Message) -> Result<(), StoreError> {
        self.task(queue, Task::Delete { receipt: message.receipt.clone() }).await.map(drop)
    }

    async fn depth(&self, queue: QueueName) -> Result<u64, StoreError> {
        queue::depth(&self.queues, queue)
    }
}

#[async_trait]
impl Whole for Embedded {
    async fn scan(&self, table: Table, after: Option<&Place>, limit: usize) -> Result<Vec<Located>, StoreError> {
        let after = after.map(|place| (place.partition.as_str(), place.key.as_str()));
        rows::scan(&*self.tables, table, after, limit)
    }

    async fn waiting(&self, queue: QueueName) -> Result<Vec<Waiting>, StoreError> {
        let now = self.now();
        let waiting = |(body, visible_at): (String, u64)| Waiting {
            body,
            delay: Duration::from_millis(visible_at.saturating_sub(now)),
        };
        Ok(queue::all(&self.queues, queue)?.into_iter().map(waiting).collect())
    }
}

/// What redb says, in the words of the port.
fn failed(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Corrupted(why) => StoreError::Corrupt(why),
        error => StoreError::Unavailable(error.to_string()),
    }
}
