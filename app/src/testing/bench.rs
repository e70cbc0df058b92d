use std::ops::Deref;
use std::sync::Arc;

use super::{Faulty, ManualClock, MemoryQueue, MemoryTables, SeededIds, Silent};
use crate::vault::Vault;
use crate::{App, Registration, Settings};

/// An [`App`] on doubles, with the doubles at hand. Swap what a test is about: every field of the app is open.
pub struct Bench {
    /// The app; [`Deref`] makes it the bench's own.
    pub app: App,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Its tables, which fail when they are told to.
    pub tables: Arc<Faulty<MemoryTables>>,
    /// Its queue.
    pub queue: Arc<MemoryQueue>,
}

impl Default for Bench {
    fn default() -> Self {
        Self::new()
    }
}

impl Bench {
    /// Open registration, empty store, silent outside.
    pub fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let tables = Arc::new(Faulty::new(Arc::new(MemoryTables::default()), Arc::default()));
        let queue = Arc::new(MemoryQueue::new(clock.clone()));
        let app = App {
            tables: tables.clone(),
            queue: queue.clone(),
            exposure: Arc::new(Silent),
            intelligence: Arc::new(Silent),
            research: Arc::new(Silent),
            scans: Arc::new(Silent),
            alerts: Arc::new(Silent),
            exploits: Arc::new(Silent),
            webhooks: Arc::new(Silent),
            chats: Arc::new(Silent),
            mailer: Arc::new(Silent),
            letters: Arc::new(Silent),
            clock: clock.clone(),
            ids: Arc::new(SeededIds::new(1)),
            vault: Vault::new(vec![[7; 32]]),
            settings: Settings {
                public_url: "http://127.0.0.1:7071".into(),
                registration: Registration::Open,
                tick_seconds: 50,
                ..Settings::default()
            },
            directories: crate::directory::Directories::default(),
            books: crate::intelligence::Books::default(),
            rulings: crate::judging::Rulings::default(),
            hashing: crate::access::Hashing::default(),
            openid: Arc::new(Silent),
            endpoints: crate::notify::Endpoints::default(),
        };
        Self { app, clock, tables, queue }
    }

    /// Another process on the same store: it remembers nothing.
    #[must_use]
    pub fn restarted(self) -> Self {
        let app = App {
            directories: crate::directory::Directories::default(),
            books: crate::intelligence::Books::default(),
            rulings: crate::judging::Rulings::default(),
            endpoints: crate::notify::Endpoints::default(),
            ..self.app
        };
        Self { app, ..self }
    }
}

impl Deref for Bench {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}
