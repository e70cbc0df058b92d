//! The only place that knows every room: settings become a [`Program`].
//!
//! Nothing here waits for the network: connections are made when something is first asked. Never here: what the
//! program does.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::ports::{Clock, Ids, Mailer, OpenId, OpenIdError, Queue, StoreError, Tables};
use app::vault::Vault;
use app::{App, Settings};
use channels::email::{NoMailer, SmtpMailer, SmtpSetupError, Stationery};
use channels::webhook::{EgressPolicy, Sender};
use identity::{NoProvider, Provider};
use schema::http::HttpSettings;
use sources::{Governor, SourceSettings, Sources};
use storage::{Azure, AzureSettings, Credential, Embedded};
use thiserror::Error;

use crate::config::{Config, ConfigError, Storage};
use crate::http::Program;
use crate::outside::{AuthorityError, KeyError, ManagedIdentity, Outbound, SystemClock, SystemIds, kept_key};
use crate::standalone::{Woken, WokenQueue};

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
    /// The sender of webhooks.
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
}

/// What a mode changes in what is put together.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Between two questions with one key.
    pub turn: Duration,
    /// How long one tick may take, in seconds.
    pub tick_seconds: u32,
    /// How long a subscription's stream stays open; `None`: as long as somebody reads it.
    pub longest_stream: Option<Duration>,
}

impl Default for Manner {
    fn default() -> Self {
        Self { turn: TURN, tick_seconds: 240, longest_stream: None }
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
    let Store { tables, queue, vault } = open(config, &outbound, &clock, &*ids)?;
    let woken = Arc::new(Woken::default());
    let openid: Arc<dyn OpenId> = match config.openid.provider.clone() {
        Some(provider) => Arc::new(Provider::new(outbound.client()?, Arc::clone(&clock), provider)?),
        None => Arc::new(NoProvider),
    };
    let app = App {
        exposure: Arc::new(exposure(config, &outbound, Arc::clone(&tables), Arc::clone(&clock), manner.turn)?),
        tables,
        queue: Arc::new(WokenQueue::new(queue, Arc::clone(&woken))),
        webhooks: Arc::new(Sender::new(outbound.builder(), EgressPolicy { allow: config.egress.webhooks.clone() })?),
        mailer: mailer(config)?,
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
        },
        directories: app::directory::Directories::default(),
        hashing: app::access::Hashing::default(),
        openid,
    };
    let graphql = HttpSettings { longest_stream: manner.longest_stream, ..HttpSettings::default() };
    Ok(Arc::new(Program::new(Arc::new(app), config.server.clone(), woken, graphql)))
}

/// Opens the store. Of an account on Azure nothing is asked yet.
fn open(config: &Config, outbound: &Outbound, clock: &Arc<dyn Clock>, ids: &dyn Ids) -> Result<Store, ComposeError> {
    let azure = |settings: AzureSettings| -> Result<Store, ComposeError> {
        let vault = Vault::new(config.secrets.required()?);
        let store = Arc::new(Azure::connect(settings, outbound.client()?)?);
        Ok(Store { tables: Arc::clone(&store) as _, queue: store, vault })
    };
    match &config.storage {
        Storage::Embedded(dir) => {
            let store = Arc::new(embedded(dir, Arc::clone(clock))?);
            let keys =
                if config.secrets.keys.is_empty() { vec![kept_key(dir, ids)?] } else { config.secrets.keys.clone() };
            Ok(Store { tables: Arc::clone(&store) as _, queue: store, vault: Vault::new(keys) })
        }
        Storage::Account(settings) => azure(settings.clone()),
        Storage::Identity(identity) => {
            let tokens = ManagedIdentity::new(outbound.client()?, Arc::clone(clock), identity.clone());
            azure(AzureSettings {
                account: identity.account.clone(),
                table_endpoint: identity.tables.clone(),
                queue_endpoint: identity.queues.clone(),
                credential: Credential::Token(Arc::new(tokens)),
            })
        }
    }
}

fn embedded(dir: &Path, clock: Arc<dyn Clock>) -> Result<Embedded, ComposeError> {
    Embedded::open(dir, clock).map_err(|error| match error {
        // The port knows no other word for it than "not available".
        StoreError::Unavailable(why) if why.contains("is in use by") => ComposeError::InUse(dir.display().to_string()),
        error => error.into(),
    })
}

/// The sources behind their governor.
pub(crate) fn exposure(
    config: &Config,
    outbound: &Outbound,
    tables: Arc<dyn Tables>,
    clock: Arc<dyn Clock>,
    turn: Duration,
) -> Result<Sources, ComposeError> {
    let settings =
        SourceSettings { shodan_url: config.sources.shodan.clone(), internetdb_url: config.sources.internetdb.clone() };
    Ok(Sources::new(outbound.client()?, settings, Governor::new(tables, clock, turn)))
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
