use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::faults::{Fault, Faults, unavailable};
use crate::ports::{Batch, Commit, Message, Queue, QueueName, Row, RowPage, RowRange, StoreError, Table, Tables};

/// Any store, real or in memory, whose calls fail as [`Faults`] say. [`Deref`] leads to the store itself.
#[derive(Debug)]
pub struct Faulty<S> {
    store: Arc<S>,
    faults: Arc<Faults>,
}

impl<S> Faulty<S> {
    /// Stands in front of `store`. Stores that share `faults` are counted together.
    pub fn new(store: Arc<S>, faults: Arc<Faults>) -> Self {
        Self { store, faults }
    }

    /// [`Faults::calls`].
    pub fn calls(&self) -> usize {
        self.faults.calls()
    }

    /// [`Faults::fail_at`].
    pub fn fail_at(&self, n: usize, fault: Fault) {
        self.faults.fail_at(n, fault);
    }

    /// [`Faults::down_at`].
    pub fn down_at(&self, n: usize) {
        self.faults.down_at(n);
    }

    /// [`Faults::heal`].
    pub fn heal(&self) {
        self.faults.heal();
    }

    /// Puts what goes wrong with this call around it.
    async fn around<T>(&self, call: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
        match self.faults.strike() {
            None => call.await,
            Some(Fault::Before) => Err(unavailable()),
            Some(Fault::After | Fault::Lost) => call.await.and(Err(unavailable())),
        }
    }
}

impl<S> Deref for Faulty<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.store
    }
}

#[async_trait]
impl<S: Tables> Tables for Faulty<S> {
    async fn get(&self, table: Table, partition: &str, key: &str) -> Result<Option<Row>, StoreError> {
        self.around(self.store.get(table, partition, key)).await
    }

    async fn get_many(&self, table: Table, partition: &str, keys: &[String]) -> Result<Vec<Option<Row>>, StoreError> {
        self.around(self.store.get_many(table, partition, keys)).await
    }

    async fn range(&self, table: Table, partition: &str, range: RowRange) -> Result<RowPage, StoreError> {
        self.around(self.store.range(table, partition, range)).await
    }

    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        match self.faults.strike() {
            None => self.store.commit(batch).await,
            Some(Fault::Before) => Err(unavailable()),
            Some(Fault::After) => self.store.commit(batch).await.and(Err(unavailable())),
            Some(Fault::Lost) => self.store.commit(batch).await.map(|_| Commit::Unknown),
        }
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        self.around(self.store.prepare()).await
    }
}

#[async_trait]
impl<S: Queue> Queue for Faulty<S> {
    async fn put(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), StoreError> {
        self.around(self.store.put(queue, body, delay)).await
    }

    async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Result<Vec<Message>, StoreError> {
        self.around(self.store.receive(queue, max, visibility)).await
    }

    async fn delete(&self, queue: QueueName, message: &Message) -> Result<(), StoreError> {
        self.around(self.store.delete(queue, message)).await
    }

    async fn depth(&self, queue: QueueName) -> Result<u64, StoreError> {
        self.around(self.store.depth(queue)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{Op, WriteRow};
    use crate::testing::{ManualClock, MemoryQueue, MemoryTables};

    type Store = Faulty<MemoryTables>;

    fn store() -> Store {
        Faulty::new(Arc::default(), Arc::default())
    }

    async fn insert(store: &Store, key: &str) -> Result<Commit, StoreError> {
        let ops = vec![Op::Insert(WriteRow { key: key.into(), columns: Vec::new() })];
        store.commit(Batch { table: Table::Assets, partition: "p".into(), ops, witness: None }).await
    }

    async fn is_there(store: &Store, key: &str) -> Result<bool, StoreError> {
        store.get(Table::Assets, "p", key).await.map(|row| row.is_some())
    }

    #[tokio::test]
    async fn faults_strike_where_they_are_told_to() {
        let store = store();
        store.fail_at(1, Fault::Before);
        assert!(insert(&store, "a").await.is_err());
        assert!(!is_there(&store, "a").await.unwrap());
        store.fail_at(1, Fault::After);
        assert!(insert(&store, "a").await.is_err());
        assert!(is_there(&store, "a").await.unwrap());
        store.fail_at(1, Fault::Lost);
        assert_eq!(insert(&store, "b").await.unwrap(), Commit::Unknown);
        assert!(is_there(&store, "b").await.unwrap());
        store.down_at(2);
        assert!(is_there(&store, "b").await.is_ok());
        assert!(is_there(&store, "b").await.is_err() && is_there(&store, "b").await.is_err());
        store.heal();
        assert!(is_there(&store, "b").await.is_ok());
    }

    #[tokio::test]
    async fn two_stores_may_share_a_plan() {
        let faults = Arc::new(Faults::default());
        let tables = Faulty::new(Arc::new(MemoryTables::default()), Arc::clone(&faults));
        let clock = Arc::new(ManualClock::default());
        let queue = Faulty::new(Arc::new(MemoryQueue::new(clock)), Arc::clone(&faults));
        faults.fail_at(2, Fault::After);
        assert!(is_there(&tables, "a").await.is_ok());
        assert!(queue.put(QueueName::Notifications, "hello", Duration::ZERO).await.is_err());
        assert_eq!(queue.bodies(QueueName::Notifications), ["hello"], "the work was done");
        assert_eq!(faults.calls(), 2);
    }
}
