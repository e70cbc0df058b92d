use std::sync::{Arc, OnceLock};

use app::App;
use app::ports::StoreError;
use schema::http::HttpSettings;
use tokio::sync::OnceCell;

use super::Allowances;
use crate::backup::Kept;
use crate::config::Server;
use crate::metrics::Metrics;
use crate::standalone::Woken;

/// The program as its entries see it: the [`App`], and what is made when it is first needed.
pub struct Program {
    /// What every entry calls.
    pub app: Arc<App>,
    /// How the program is woken and reached.
    pub server: Server,
    /// Tells when a message was put by this process.
    pub woken: Arc<Woken>,
    /// How GraphQL requests are taken.
    pub graphql: HttpSettings,
    /// What backups are taken of, if it is ours to back up.
    pub kept: Option<Kept>,
    /// What this process has counted.
    pub metrics: Arc<Metrics>,
    /// How many of them each API token may make.
    pub allowances: Allowances,
    prepared: OnceCell<()>,
    engine: OnceLock<schema::Engine>,
}

impl Program {
    /// Nothing is made yet.
    pub fn new(app: Arc<App>, server: Server, woken: Arc<Woken>, graphql: HttpSettings) -> Self {
        Self {
            app,
            allowances: Allowances::new(server.rate_limit),
            server,
            woken,
            graphql,
            kept: None,
            metrics: Arc::default(),
            prepared: OnceCell::new(),
            engine: OnceLock::new(),
        }
    }

    /// Makes tables and queues once; what fails is tried again by the next one who comes.
    ///
    /// # Errors
    /// Of the store.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.prepared.get_or_try_init(|| self.app.tables.prepare()).await.copied()
    }

    /// The GraphQL engine. Built at the first question, a millisecond that a timer's or a queue's process never needs.
    pub fn engine(&self) -> &schema::Engine {
        self.engine.get_or_init(|| schema::build(Arc::clone(&self.app)))
    }
}
