//! The only place that knows every room: settings become a [`Program`].
//!
//! Nothing here waits for the network: connections are made when something is first asked. Never here: what the
//! program does.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::ports::{
    Alerts, Clock, Exposure, Ids, Intelligence, Mailer, OpenId, OpenIdError, Queue, Research, Scans, StoreError,
    Tables, Webhooks,
};
use app::vault::Vault;
use app::{App, Settings};
use channels::chat::Messenger;
use channels::egress::{EgressPolicy, Gate};
use channels::email::{NoMailer, SmtpMailer, SmtpSetupError, Stationery};
use channels::webhook::Sender;
use identity::{NoProvider, Provider};
use schema::http::HttpSettings;
use sources::{
    ExploitSettings, ExploitSources, Governor, IntelligenceSettings, IntelligenceSources, SourceSettings, Sources,
};
use storage::copy::Whole;
use storage::{Azure, AzureSettings, Credential, Embedded};
use thiserror::Error;

use crate::backup::Kept;
use crate::config::{Config, ConfigError, Storage};
use crate::http::Program;
use crate::metrics::{Counted, Metrics};
use crate::outside::{AuthorityError, KeyError, ManagedIdentity, Outbound, SystemClock, SystemIds, kept_key};
use crate::standalone::{Woken, WokenQueue};
use crate::trace::TracedWebhooks;

/// Shodan lets one request a second through for each key.
const TURN: Duration = Duration::from_secs(1);

/// Why the program could not be put together.
#[derive(Debug, Error)]
pub enum ComposeError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process has the embedded store open.
    #[error("the store in {0} is in use by a running iotmonitor")]
    InUse(String),
    /// The vault's key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// TLS.
    #[error(transparent)]
    Authorities(#[from] AuthorityError),
    /// Mail.
    #[error("IOTMONITOR_SMTP_URL, IOTMONITOR_MAIL_FROM: {0}")]
    Mail(#[from] SmtpSetupError),
    /// Who else tells who somebody is.
    #[error("IOTMONITOR_OIDC_ISSUER: {0}")]
    OpenId(#[from] OpenIdError),
    /// The gate to receivers.
    #[error("the HTTP client cannot be built")]
    Client(#[from] reqwest::Error),
}

/// Where things are kept, opened.
pub struct Store {
    /// Rows.
    pub tables: Arc<dyn Tables>,
    /// Messages.
    pub queue: Arc<dyn Queue>,
    /// Seals and opens stored secrets.
    pub vault: Vault,
    /// The store again, if it is one that backups are taken of.
    pub kept: Option<Kept>,
}

/// What a mode changes in what is put together.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Between two questions with one key.
    pub turn: Duration,
    /// How long one tick may take, in seconds.
    pub tick_seconds: u32,
    /// Whether the process lives long enough to keep streams of Shodan's open.
    pub streams: bool,
    /// How long a subscription's stream stays open; `None`: as long as somebody reads it.
    pub longest_stream: Option<Duration>,
}

impl Default for Manner {
    fn default() -> Self {
        Self { turn: TURN, tick_seconds: 240, streams: false, longest_stream: None }
    }
}

/// Puts the program together.
///
/// # Errors
/// What cannot be used of the settings, or a store that cannot be opened.
pub fn compose(config: &Config, manner: Manner) -> Result<Arc<Program>, ComposeError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn Ids> = Arc::new(SystemIds);
    let outbound = Outbound::new(config.egress.authorities.as_deref())?;
    let Store { tables, queue, vault, kept } = open(config, &outbound, &clock, &*ids)?;
    let gate = Arc::new(Gate::new(outbound.builder(), EgressPolicy { allow: config.egress.webhooks.clone() })?);
    let woken = Arc::new(Woken::default());
    let metrics = Arc::new(Metrics::default());
    let governor = Arc::new(Governor::new(Arc::clone(&tables), Arc::clone(&clock), manner.turn));
    let sources = Arc::new(exposure(config, &outbound, Arc::clone(&governor))?);
    let sender: Arc<dyn Webhooks> = Arc::new(Sender::new(Arc::clone(&gate)));
    let sender: Arc<dyn Webhooks> = Arc::new(TracedWebhooks::new(sender));
    let openid: Arc<dyn OpenId> = match config.openid.provider.clone() {
        Some(provider) => Arc::new(Provider::new(outbound.client()?, Arc::clone(&clock), provider)?),
        None => Arc::new(NoProvider),
    };
    let intelligence: Arc<dyn Intelligence> = Arc::new(intelligence(config, &outbound)?);
    let app = App {
        intelligence,
        exposure: Arc::new(Counted::new(Arc::clone(&sources) as Arc<dyn Exposure>, Arc::clone(&metrics))),
        research: Arc::new(Counted::new(Arc::clone(&sources) as Arc<dyn Research>, Arc::clone(&metrics))),
        scans: Arc::new(Counted::new(Arc::clone(&sources) as Arc<dyn Scans>, Arc::clone(&metrics))),
        alerts: Arc::new(Counted::new(sources as Arc<dyn Alerts>, Arc::clone(&metrics))),
        exploits: Arc::new(exploits(config, &outbound, governor)?),
        tables,
        queue: Arc::new(WokenQueue::new(queue, Arc::clone(&woken))),
        webhooks: Arc::new(Counted::new(sender, Arc::clone(&metrics))),
        chats: Arc::new(Messenger::new(gate)),
        mailer: Arc::new(Counted::new(mailer(config)?, Arc::clone(&metrics))),
        letters: Arc::new(Stationery),
        clock,
        ids,
        vault,
        settings: Settings {
            public_url: config.server.base(),
            shodan_key: config.sources.shodan_key.clone(),
            target_allow: config.egress.targets.clone(),
            registration: config.people.registration,
            setup_code: config.people.setup_code.clone(),
            tick_seconds: manner.tick_seconds,
            streams: manner.streams && config.sources.stream.is_some(),
        },
        directories: app::directory::Directories::default(),
        books: app::intelligence::Books::default(),
        rulings: app::judging::Rulings::default(),
        hashing: app::access::Hashing::default(),
        openid,
        endpoints: app::notify::Endpoints::default(),
    };
    let graphql = HttpSettings { longest_stream: manner.longest_stream, ..HttpSettings::default() };
    let mut program = Program::new(Arc::new(app), config.server.clone(), woken, graphql);
    program.kept = kept;
    program.metrics = metrics;
    Ok(Arc::new(program))
}

/// Opens the store. Of an account on Azure nothing is asked yet.
fn open(config: &Config, outbound: &Outbound, clock: &Arc<dyn Clock>, ids: &dyn Ids) -> Result<Store, ComposeError> {
    if let Storage::Embedded(dir) = &config.storage {
        let store = Arc::new(embedded(dir, Arc::clone(clock))?);
        let keys = if config.secrets.keys.is_empty() { vec![kept_key(dir, ids)?] } else { config.secrets.keys.clone() };
        let kept = Kept { store: Arc::clone(&store), dir: dir.clone(), clock: Arc::clone(clock) };
        let vault = Vault::new(keys);
        return Ok(Store { tables: Arc::clone(&store) as _, queue: store, vault, kept: Some(kept) });
    }
    let vault = Vault::new(config.secrets.required()?);
    let store = Arc::new(azure(&config.storage, outbound, clock)?);
    Ok(Store { tables: Arc::clone(&store) as _, queue: store, vault, kept: None })
}

/// Opens a store to copy it, or to copy into it: no secret of it is opened.
pub(crate) fn whole(
    storage: &Storage,
    outbound: &Outbound,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Whole>, ComposeError> {
    Ok(match storage {
        Storage::Embedded(dir) => Arc::new(embedded(dir, Arc::clone(clock))?),
        account => Arc::new(azure(account, outbound, clock)?),
    })
}

fn azure(storage: &Storage, outbound: &Outbound, clock: &Arc<dyn Clock>) -> Result<Azure, ComposeError> {
    let settings = match storage {
        Storage::Account(settings) => settings.clone(),
        Storage::Identity(identity) => {
            let tokens = ManagedIdentity::new(outbound.client()?, Arc::clone(clock), identity.clone());
            AzureSettings {
                account: identity.account.clone(),
                table_endpoint: identity.tables.clone(),
                queue_endpoint: identity.queues.clone(),
                credential: Credential::Token(Arc::new(tokens)),
            }
        }
        Storage::Embedded(_) => return Err(StoreError::Denied("a directory is no account".into()).into()),
    };
    Ok(Azure::connect(settings, outbound.client()?)?)
}

/// Opens the store in this directory, as the only one who writes it.
pub(crate) fn embedded(dir: &Path, clock: Arc<dyn Clock>) -> Result<Embedded, ComposeError> {
    Embedded::open(dir, clock).map_err(|error| match error {
        // The port knows no other word for it than "not available".
        StoreError::Unavailable(why) if why.contains("is in use by") => ComposeError::InUse(dir.display().to_string()),
        error => error.into(),
    })
}

/// The sources behind their governor.
pub(crate) fn exposure(config: &Config, outbound: &Outbound, governor: Arc<Governor>) -> Result<Sources, ComposeError> {
    let settings = SourceSettings {
        shodan_url: config.sources.shodan.clone(),
        internetdb_url: config.sources.internetdb.clone(),
        stream_url: config.sources.stream.clone(),
    };
    Ok(Sources::new(outbound.client()?, settings, governor))
}

/// Shodan's Exploits API, and who answers when that does not.
fn exploits(config: &Config, outbound: &Outbound, governor: Arc<Governor>) -> Result<ExploitSources, ComposeError> {
    let settings = ExploitSettings {
        exploits_url: config.sources.exploits.clone(),
        cvedb_url: config.sources.cvedb.clone(),
        exploit_db: config.sources.exploit_db.clone(),
        metasploit: config.sources.metasploit.clone(),
    };
    Ok(ExploitSources::new(outbound.client()?, settings, governor))
}

/// Who tells of vulnerabilities.
fn intelligence(config: &Config, outbound: &Outbound) -> Result<IntelligenceSources, ComposeError> {
    let addresses = &config.sources;
    let settings = IntelligenceSettings {
        cvedb_url: addresses.cvedb.clone(),
        kev_url: addresses.kev.clone(),
        epss_url: addresses.epss.clone(),
        epss_file_url: addresses.epss_file.clone(),
        ssvc_url: addresses.ssvc.clone(),
    };
    Ok(IntelligenceSources::new(outbound.client()?, settings))
}

/// The mail server, or what says that there is none.
pub(crate) fn mailer(config: &Config) -> Result<Arc<dyn Mailer>, ComposeError> {
    Ok(match &config.mail.smtp {
        Some((url, from)) => Arc::new(SmtpMailer::new(url, from, config.egress.authorities.as_deref())?),
        None => Arc::new(NoMailer),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    fn config(pairs: &[(&str, &str)]) -> Config {
        Config::read(&Environment::of(pairs.iter().copied())).unwrap()
    }

    #[test]
    fn a_store_that_is_in_use_is_told_as_that() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(&[("IOTMONITOR_STORAGE", &format!("embedded:{}", dir.path().display()))]);
        let first = compose(&config, Manner::default()).unwrap();
        assert!(matches!(compose(&config, Manner::default()), Err(ComposeError::InUse(_))));
        drop(first);
        compose(&config, Manner::default()).unwrap();
    }

    #[test]
    fn on_azure_the_key_of_the_vault_must_be_set() {
        let connection = "UseDevelopmentStorage=true";
        let without = compose(&config(&[("IOTMONITOR_STORAGE", connection)]), Manner::default());
        assert!(without.err().unwrap().to_string().starts_with("IOTMONITOR_SECRET_KEY is not set"));
        let key = format!("{}=", "A".repeat(43));
        compose(&config(&[("IOTMONITOR_STORAGE", connection), ("IOTMONITOR_SECRET_KEY", &key)]), Manner::default())
            .unwrap();
    }
}
