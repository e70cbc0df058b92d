//! The store in Azure: Table Storage and Queue Storage, through the crates of the Azure SDK with our own transport
//! under them. What the crates and the emulator get wrong is mended here, and nowhere else.

mod batch;
mod commit;
mod count;
mod entity;
mod failure;
mod queues;
mod settings;
mod tables;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use app::ports::{Batch, Commit, Message, Queue, QueueName, Row, RowPage, RowRange, StoreError, Table, Tables};
use async_trait::async_trait;
use azure_core::auth::Secret;
use azure_core::{ClientOptions, ExponentialRetryOptions, HttpClient, RetryOptions, TransportOptions};
use azure_data_tables::clients::{TableServiceClient, TableServiceClientBuilder};
use azure_storage::{CloudLocation, StorageCredentials};
use azure_storage_queues::{QueueServiceClient, QueueServiceClientBuilder};
use futures_util::future::try_join_all;
use tokio::sync::OnceCell;

use self::count::Counters;
pub use self::count::Transactions;
pub use self::settings::{AzureSettings, Credential, TokenSource};
use self::transport::{Access, Transport};
use crate::copy::{Located, Place, Waiting, Whole};
use crate::limits;

/// Retries of a read after its first try.
const RETRIES: u32 = 2;
/// No retry begins later than this after the first try ended.
const RETRY_FOR: Duration = Duration::from_secs(30);

/// Whoever copies messages hides them so long.
const LOOKED_AT: Duration = Duration::from_hours(1);

/// Tables and queues of one storage account. Cheap to share behind an `Arc`.
pub struct Azure {
    reads: TableServiceClient,
    writes: TableServiceClient,
    queue_reads: QueueServiceClient,
    queue_writes: QueueServiceClient,
    counters: Arc<Counters>,
    prepared: OnceCell<()>,
}

impl Azure {
    /// Puts the clients together; nothing is sent yet. `http` brings TLS and the time-out of connecting, and should
    /// keep idle connections for no more than 3 s.
    ///
    /// # Errors
    /// `Denied` when the signature cannot be used.
    pub fn connect(settings: AzureSettings, http: reqwest::Client) -> Result<Self, StoreError> {
        let AzureSettings { account, table_endpoint, queue_endpoint, credential } = settings;
        let (credentials, access) = match credential {
            Credential::Key(key) => (StorageCredentials::access_key(account.clone(), Secret::new(key)), Access::Signed),
            Credential::Sas(sas) => (StorageCredentials::anonymous(), Access::Sas(pairs(&sas)?)),
            Credential::Token(source) => (StorageCredentials::anonymous(), Access::Token(source)),
        };
        let counters = Arc::new(Counters::default());
        let transport: Arc<dyn HttpClient> = Arc::new(Transport { http, access, counters: Arc::clone(&counters) });
        let options = |retry| ClientOptions::new(TransportOptions::new(Arc::clone(&transport))).retry(retry);
        let repeating = || {
            RetryOptions::exponential(
                ExponentialRetryOptions::default().max_retries(RETRIES).max_total_elapsed(RETRY_FOR),
            )
        };
        let location = |url: &url::Url| CloudLocation::Custom {
            account: account.clone(),
            uri: url.as_str().trim_end_matches('/').to_owned(),
        };
        let tables = |retry| {
            TableServiceClientBuilder::with_location(location(&table_endpoint), credentials.clone())
                .client_options(options(retry))
                .build()
        };
        let queues = |retry| {
            QueueServiceClientBuilder::with_location(location(&queue_endpoint), credentials.clone())
                .client_options(options(retry))
                .build()
        };
        Ok(Self {
            reads: tables(repeating()),
            writes: tables(RetryOptions::none()),
            queue_reads: queues(repeating()),
            queue_writes: queues(RetryOptions::none()),
            counters,
            prepared: OnceCell::new(),
        })
    }

    /// How many requests were sent so far, retries included.
    pub fn requests(&self) -> u64 {
        self.transactions().total()
    }

    /// What was sent so far, by kind.
    pub fn transactions(&self) -> Transactions {
        self.counters.read()
    }

    async fn make_all(&self) -> Result<(), StoreError> {
        let tables = Table::ALL.map(|table| tables::make(self.reads.table_client(table.as_str())));
        let queues = [QueueName::Notifications, QueueName::NotificationsPoison]
            .map(|queue| queues::make(self.queue_reads.queue_client(queue.as_str())));
        tokio::try_join!(try_join_all(tables), try_join_all(queues))?;
        Ok(())
    }
}

#[async_trait]
impl Tables for Azure {
    async fn get(&self, table: Table, partition: &str, key: &str) -> Result<Option<Row>, StoreError> {
        limits::place(partition, key)?;
        tables::get(self, table, partition, key).await
    }

    async fn get_many(&self, table: Table, partition: &str, keys: &[String]) -> Result<Vec<Option<Row>>, StoreError> {
        limits::places(partition, keys)?;
        tables::get_many(self, table, partition, keys).await
    }

    async fn range(&self, table: Table, partition: &str, range: RowRange) -> Result<RowPage, StoreError> {
        limits::key(partition)?;
        tables::range(self, table, partition, range).await
    }

    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        limits::batch(&batch)?;
        commit::commit(self, &batch).await
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        self.prepared.get_or_try_init(|| self.make_all()).await.copied()
    }
}

#[async_trait]
impl Queue for Azure {
    async fn put(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), StoreError> {
        limits::message(body, delay)?;
        queues::put(self, queue, body, delay).await
    }

    async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Result<Vec<Message>, StoreError> {
        queues::receive(self, queue, max, visibility).await
    }

    async fn delete(&self, queue: QueueName, message: &Message) -> Result<(), StoreError> {
        queues::delete(self, queue, message).await
    }

    async fn depth(&self, queue: QueueName) -> Result<u64, StoreError> {
        queues::depth(self, queue).await
    }
}

#[async_trait]
impl Whole for Azure {
    async fn scan(&self, table: Table, after: Option<&Place>, limit: usize) -> Result<Vec<Located>, StoreError> {
        let after = after.map(|place| (place.partition.as_str(), place.key.as_str()));
        tables::scan(self, table, after, limit).await
    }

    /// Azure shows messages to nobody without hiding them: they come back in an hour.
    async fn waiting(&self, queue: QueueName) -> Result<Vec<Waiting>, StoreError> {
        let mut waiting = Vec::new();
        loop {
            let messages = queues::receive(self, queue, limits::MESSAGES, LOOKED_AT).await?;
            if messages.is_empty() {
                return Ok(waiting);
            }
            waiting.extend(messages.into_iter().map(|message| Waiting { body: message.body, delay: Duration::ZERO }));
        }
    }
}

/// The pairs of a shared access signature, decoded.
fn pairs(sas: &str) -> Result<Vec<(String, String)>, StoreError> {
    let pairs: Vec<_> = url::form_urlencoded::parse(sas.trim_start_matches('?').as_bytes()).into_owned().collect();
    if pairs.iter().any(|(name, _)| name == "sig") {
        Ok(pairs)
    } else {
        Err(StoreError::Denied("the shared access signature has no sig".into()))
    }
}

#[cfg(test)]
mod tests;
