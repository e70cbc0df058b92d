use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use app::access::{Caller, NewApiToken, bootstrap, create_api_token};
use app::assets::{AssetDraft, OnExisting, Outcome, import};
use app::ports::{Clock, Queue, Tables};
use app::testing::{ManualClock, SeededIds, Silent};
use app::vault::Vault;
use app::{App, Registration, Settings};
use domain::role::Scope;
use iotmonitor::outside::{Outbound, SystemClock};
use sources::simulator::Simulator;
use sources::{Governor, SourceSettings, Sources};
use storage::azurite::Azurite;
use storage::{Azure, AzureSettings, Embedded};

use crate::counted::Counted;

/// The use cases on a store that counts, one organization in it, and a simulator
/// that may be asked as fast as it answers.
pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) store: Arc<Counted>,
    pub(crate) owner: Caller,
    /// An API token with every scope.
    pub(crate) token: String,
}

/// The longest interval between polls that may be set, in seconds: what is measured is not disturbed by a poll.
pub(crate) const SELDOM: i32 = 30 * 24 * 3600;
/// An hour in seconds.
pub(crate) const HOURLY: i32 = 3600;
/// Rows that one import takes.
const AT_ONCE: usize = 1000;

impl World {
    /// An organization in an empty store.
    pub(crate) async fn on<S: Tables + Queue + 'static>(
        store: Arc<S>,
        clock: Arc<ManualClock>,
        simulator: &Simulator,
    ) -> Result<Self> {
        let store = Counted::new(store);
        let tables = Arc::clone(&store) as Arc<dyn Tables>;
        let addresses = SourceSettings {
            shodan_url: simulator.shodan_url(),
            internetdb_url: simulator.internetdb_url(),
            stream_url: None,
        };
        let governor = Governor::new(Arc::clone(&tables), Arc::clone(&clock) as _, Duration::ZERO);
        let app = Arc::new(App {
            tables,
            queue: Arc::clone(&store) as _,
            exposure: Arc::new(Sources::new(Outbound::new(None)?.client()?, addresses, governor)),
            intelligence: Arc::new(Silent),
            research: Arc::new(Silent),
            scans: Arc::new(Silent),
            alerts: Arc::new(Silent),
            exploits: Arc::new(Silent),
            webhooks: Arc::new(Silent),
            mailer: Arc::new(Silent),
            letters: Arc::new(Silent),
            clock: Arc::clone(&clock) as _,
            ids: Arc::new(SeededIds::new(7)),
            vault: Vault::new(vec![[7; 32]]),
            settings: Settings {
                public_url: "http://127.0.0.1:7071".into(),
                shodan_key: Some("A-KEY".into()),
                target_allow: vec!["10.0.0.0/8".parse()?],
                registration: Registration::Open,
                tick_seconds: 3600,
                ..Settings::default()
            },
            directories: app::directory::Directories::default(),
            books: app::intelligence::Books::default(),
            rulings: app::judging::Rulings::default(),
            hashing: app::access::Hashing::default(),
            openid: Arc::new(Silent),
            chats: Arc::new(Silent),
            endpoints: app::notify::Endpoints::default(),
        });
        app.tables.prepare().await?;
        let owner = bootstrap(&app, "ops@plant.example", "a long enough pass phrase", "Ops", Some("Plant")).await?;
        let wanted = NewApiToken { name: "bench".into(), scopes: Scope::ALL.into_iter().collect(), expires_at: None };
        let (_, token) = create_api_token(&app, &owner, wanted).await?;
        Ok(Self { app, store, owner, token })
    }

    /// Watches these targets, each asked about every so many seconds.
    pub(crate) async fn watch(&self, targets: impl IntoIterator<Item = String>, interval: i32) -> Result<()> {
        let draft = |target| AssetDraft {
            target: Some(target),
            poll_interval: Some(interval),
            enabled: true,
            ..AssetDraft::default()
        };
        let drafts: Vec<_> = targets.into_iter().map(draft).collect();
        for some in drafts.chunks(AT_ONCE) {
            let rows = some.iter().cloned().map(Ok).collect();
            for row in import(&self.app, &self.owner, rows, OnExisting::Reject, false).await? {
                ensure!(row.outcome == Outcome::Created, "an asset is refused: {:?}", row.faults);
            }
        }
        Ok(())
    }

    /// One tick, in which everything that is due must be answered.
    pub(crate) async fn tick(&self) -> Result<app::poll::TickReport> {
        let report = app::poll::tick(&self.app).await?;
        ensure!(report.failed + report.left == 0, "not everything was polled: {report:?}");
        Ok(report)
    }

    /// How many findings there are.
    pub(crate) async fn findings(&self) -> Result<usize> {
        let (head, _) = self.app.snapshot(&self.owner.org, domain::ids::Bucket::default()).await?;
        Ok(head.lengths.iter().map(|length| *length as usize).sum())
    }

    /// The same store, used by a process that remembers nothing.
    pub(crate) fn restarted(self) -> Result<Self> {
        let app = Arc::into_inner(self.app).context("somebody still uses the app")?;
        let app = Arc::new(App {
            directories: app::directory::Directories::default(),
            books: app::intelligence::Books::default(),
            rulings: app::judging::Rulings::default(),
            ..app
        });
        Ok(Self { app, ..self })
    }
}

/// A clock that shows this moment until it is moved.
pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(SystemClock.now()))
}

/// The embedded store in a folder.
pub(crate) fn embedded(folder: &Path, clock: &Arc<ManualClock>) -> Result<Arc<Embedded>> {
    Ok(Arc::new(Embedded::open(folder, Arc::clone(clock) as Arc<dyn Clock>)?))
}

/// Azure Storage, emulated.
pub(crate) struct Emulated {
    /// Its tables and queues.
    pub(crate) azure: Arc<Azure>,
    azurite: Azurite,
}

impl Emulated {
    /// By which the program finds it.
    pub(crate) fn connection_string(&self) -> &str {
        self.azurite.connection_string()
    }
}

/// An Azurite of our own with nothing in it. `None`: it is not installed.
pub(crate) fn azurite() -> Result<Option<Emulated>> {
    let Some(azurite) = Azurite::start() else { return Ok(None) };
    let settings = AzureSettings::from_connection_string(azurite.connection_string())?;
    let azure = Arc::new(Azure::connect(settings, Outbound::new(None)?.client()?)?);
    Ok(Some(Emulated { azure, azurite }))
}
