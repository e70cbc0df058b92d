//! Reading along while another process writes: for looking at a store, never for serving from it.

use app::ports::{Batch, Commit, Row, RowPage, RowRange, StoreError, Table, Tables};
use async_trait::async_trait;
use redb::ReadOnlyDatabase;

use super::rows;
use crate::limits;

/// The rows of a data directory, for reading alone, while another process may write them.
pub struct ReadOnly {
    pub(super) tables: ReadOnlyDatabase,
}

#[async_trait]
impl Tables for ReadOnly {
    async fn get(&self, table: Table, partition: &str, key: &str) -> Result<Option<Row>, StoreError> {
        limits::place(partition, key)?;
        rows::get(&self.tables, table, partition, key)
    }

    async fn get_many(&self, table: Table, partition: &str, keys: &[String]) -> Result<Vec<Option<Row>>, StoreError> {
        limits::places(partition, keys)?;
        rows::get_many(&self.tables, table, partition, keys)
    }

    async fn range(&self, table: Table, partition: &str, range: RowRange) -> Result<RowPage, StoreError> {
        limits::key(partition)?;
        rows::range(&self.tables, table, partition, &range)
    }

    async fn commit(&self, _: Batch) -> Result<Commit, StoreError> {
        Err(StoreError::Denied("it was opened for reading alone".into()))
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
