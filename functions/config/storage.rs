use std::fmt;
use std::path::PathBuf;

use storage::AzureSettings;
use url::Url;

use super::{ConfigError, Environment, Setting, Start};

const STORAGE: &str = "IOTMONITOR_STORAGE";
const HOST_STORAGE: &str = "AzureWebJobsStorage";
const ACCOUNT_NAME: &str = "AzureWebJobsStorage__accountName";
const TABLE_URI: &str = "AzureWebJobsStorage__tableServiceUri";
const QUEUE_URI: &str = "AzureWebJobsStorage__queueServiceUri";
const CLIENT_ID: &str = "AzureWebJobsStorage__clientId";

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: HOST_STORAGE,
        meaning: "under the Functions host: the storage account of everything, as a connection string",
        example: "UseDevelopmentStorage=true",
        secret: true,
    },
    Setting::open(ACCOUNT_NAME, "", "the same account by its name, with a managed identity"),
    Setting::open(TABLE_URI, "", "where its tables are, if not in the public cloud"),
    Setting::open(QUEUE_URI, "", "where its queues are, if not in the public cloud"),
    Setting::open(CLIENT_ID, "", "which managed identity, if not the system's"),
    Setting {
        name: STORAGE,
        meaning: "for iotmonitor serve: embedded:DIR, azure:ACCOUNT (managed identity), or a connection string",
        example: "embedded:./data",
        secret: true,
    },
    Setting::open("AZURE_CLIENT_ID", "", "for azure:ACCOUNT: which managed identity, if not the system's"),
];

/// Where things are kept.
#[derive(Clone)]
pub enum Storage {
    /// In files of this directory.
    Embedded(PathBuf),
    /// In a storage account, with a key or a signature.
    Account(AzureSettings),
    /// In a storage account, with a managed identity.
    Identity(Identity),
}

/// A storage account that a managed identity may use.
#[derive(Clone)]
pub struct Identity {
    /// The account's name.
    pub account: String,
    /// Where its tables are.
    pub tables: Url,
    /// Where its queues are.
    pub queues: Url,
    /// Which identity, if not the system's.
    pub client_id: Option<String>,
    /// Where App Service and Functions hand out tokens, and the header that proves that we are inside.
    pub endpoint: Option<(Url, String)>,
}

impl Storage {
    pub(super) fn read(environment: &Environment) -> Result<Self, ConfigError> {
        match Start::read(environment)? {
            Start::ByFunctionsHost(_) => of_host(environment),
            Start::ByHand => by_hand(environment),
            Start::ByLambda => on_lambda(environment),
        }
    }

    /// Reads one that is named elsewhere than in a variable: `embedded:DIR`, `azure:ACCOUNT` or a connection string, or
    /// `@FILE`, a file that holds one of these, because others see what a command line says.
    ///
    /// # Errors
    /// A text that names no store. It is not repeated.
    pub fn named(text: &str, option: &'static str, environment: &Environment) -> Result<Self, ConfigError> {
        let Some(path) = text.strip_prefix('@') else { return parse(option, text, environment) };
        let content = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::invalid(option, format!("{path} cannot be read: {error}")))?;
        parse(option, content.trim(), environment)
    }
}

/// The triggers read the host's account: data elsewhere would be announced to nobody.
fn of_host(environment: &Environment) -> Result<Storage, ConfigError> {
    let connection = environment.text(HOST_STORAGE);
    if environment.secret(STORAGE)?.is_some_and(|other| Some(other.as_str()) != connection) {
        let what =
            "under the Functions host everything is kept in the account of AzureWebJobsStorage: remove this setting";
        return Err(ConfigError::invalid(STORAGE, what));
    }
    if let Some(connection) = connection {
        return account(HOST_STORAGE, connection);
    }
    let client_id = environment.text(CLIENT_ID).map(str::to_owned);
    let (tables, queues) = (service(environment, TABLE_URI)?, service(environment, QUEUE_URI)?);
    if let Some(name) = environment.text(ACCOUNT_NAME) {
        let mut identity = public_account(ACCOUNT_NAME, name, client_id, environment)?;
        identity.tables = tables.unwrap_or(identity.tables);
        identity.queues = queues.unwrap_or(identity.queues);
        return Ok(Storage::Identity(identity));
    }
    let (Some(tables), Some(queues)) = (tables, queues) else {
        let what = format!("set it to a connection string, or set {ACCOUNT_NAME}, or {TABLE_URI} and {QUEUE_URI}");
        return Err(ConfigError::missing(HOST_STORAGE, what));
    };
    let account = tables.host_str().and_then(|host| host.split('.').next()).unwrap_or_default().to_owned();
    Ok(Storage::Identity(Identity { account, tables, queues, client_id, endpoint: endpoint(environment)? }))
}

fn by_hand(environment: &Environment) -> Result<Storage, ConfigError> {
    let text = environment.secret(STORAGE)?.unwrap_or_else(|| "embedded:./data".into());
    parse(STORAGE, &text, environment)
}

/// What a function writes to its disk is gone with it, and on AWS nobody hands out tokens of Azure.
fn on_lambda(environment: &Environment) -> Result<Storage, ConfigError> {
    match by_hand(environment)? {
        account @ Storage::Account(_) => Ok(account),
        Storage::Embedded(_) | Storage::Identity(_) => {
            let what =
                "on AWS Lambda it is the connection string of an Azure Storage account, with a key or a signature";
            Err(ConfigError::invalid(STORAGE, what))
        }
    }
}

fn parse(name: &'static str, text: &str, environment: &Environment) -> Result<Storage, ConfigError> {
    if let Some(dir) = text.strip_prefix("embedded:") {
        if dir.is_empty() {
            return Err(ConfigError::invalid(name, "name a directory: embedded:DIR"));
        }
        return Ok(Storage::Embedded(dir.into()));
    }
    match text.strip_prefix("azure:") {
        Some(of) => {
            let client_id = environment.text("AZURE_CLIENT_ID").map(str::to_owned);
            Ok(Storage::Identity(public_account(name, of, client_id, environment)?))
        }
        None => account(name, text),
    }
}

fn account(name: &'static str, connection: &str) -> Result<Storage, ConfigError> {
    let form = if name == HOST_STORAGE { "" } else { "write embedded:DIR, azure:ACCOUNT or a connection string: " };
    // The store's own error says which part is wrong, and never what it holds.
    let wrong = |error| ConfigError::invalid(name, format!("{form}{error}"));
    AzureSettings::from_connection_string(connection).map(Storage::Account).map_err(wrong)
}

fn public_account(
    name: &'static str,
    account: &str,
    client_id: Option<String>,
    environment: &Environment,
) -> Result<Identity, ConfigError> {
    let plain = account.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let wrong = || ConfigError::invalid(name, "an account's name is 3 to 24 lower-case letters and digits");
    if !plain || !(3..=24).contains(&account.len()) {
        return Err(wrong());
    }
    let place =
        |service: &str| Url::parse(&format!("https://{account}.{service}.core.windows.net")).map_err(|_| wrong());
    let (tables, queues) = (place("table")?, place("queue")?);
    Ok(Identity { account: account.to_owned(), tables, queues, client_id, endpoint: endpoint(environment)? })
}

fn service(environment: &Environment, name: &'static str) -> Result<Option<Url>, ConfigError> {
    let url = environment.parsed::<Url>(name, "a URL such as https://ACCOUNT.table.core.windows.net")?;
    if url.as_ref().is_some_and(|url| url.scheme() != "https" || url.host().is_none()) {
        return Err(ConfigError::invalid(name, "tokens go to it: use https"));
    }
    Ok(url)
}

/// Both are set by App Service, Functions and Container Apps; elsewhere the machine's own metadata service is asked.
fn endpoint(environment: &Environment) -> Result<Option<(Url, String)>, ConfigError> {
    let url = environment.parsed::<Url>("IDENTITY_ENDPOINT", "a URL, which the platform sets")?;
    Ok(url.zip(environment.text("IDENTITY_HEADER").map(str::to_owned)))
}

/// Without what gives access.
impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(dir) => write!(f, "embedded:{}", dir.display()),
            Self::Account(settings) => write!(f, "azure:{}", settings.account),
            Self::Identity(identity) => write!(f, "azure:{}", identity.account),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: (&str, &str) = ("FUNCTIONS_CUSTOMHANDLER_PORT", "7000");
    const AZURITE: &str = "UseDevelopmentStorage=true";

    fn read(pairs: &[(&str, &str)]) -> Result<Storage, ConfigError> {
        Storage::read(&Environment::of(pairs.iter().copied()))
    }

    #[test]
    fn by_hand_it_is_a_directory_an_account_or_a_connection_string() {
        assert!(matches!(read(&[]).unwrap(), Storage::Embedded(dir) if dir.ends_with("data")));
        assert!(
            matches!(read(&[(STORAGE, "embedded:/srv/x")]).unwrap(), Storage::Embedded(dir) if dir.ends_with("srv/x"))
        );
        assert!(matches!(read(&[(STORAGE, AZURITE)]).unwrap(), Storage::Account(_)));
        assert!(matches!(read(&[(STORAGE, "azure:acme")]).unwrap(), Storage::Identity(i) if i.account == "acme"));
        for wrong in ["embedded:", "azure:A/b", "/srv/x", "AccountName=acme"] {
            assert!(read(&[(STORAGE, wrong)]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn on_lambda_it_is_an_account_with_a_key_because_nothing_else_is_there_tomorrow() {
        let lambda = ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001");
        assert!(matches!(read(&[lambda, (STORAGE, AZURITE)]).unwrap(), Storage::Account(_)));
        for wrong in ["embedded:/tmp/x", "azure:acme", ""] {
            let error = read(&[lambda, (STORAGE, wrong)]).unwrap_err().to_string();
            assert!(error.contains("connection string"), "{error}");
        }
    }

    #[test]
    fn under_the_host_it_is_the_hosts_account_and_naming_another_is_an_error() {
        assert!(matches!(read(&[HOST, (HOST_STORAGE, AZURITE)]).unwrap(), Storage::Account(_)));
        assert!(matches!(read(&[HOST, (HOST_STORAGE, AZURITE), (STORAGE, AZURITE)]).unwrap(), Storage::Account(_)));
        let error = read(&[HOST, (HOST_STORAGE, AZURITE), (STORAGE, "embedded:./data")]).unwrap_err().to_string();
        assert!(error.contains("remove this setting"), "{error}");
        assert!(read(&[HOST]).unwrap_err().to_string().starts_with("AzureWebJobsStorage is not set"));
    }

    #[test]
    fn under_the_host_a_managed_identity_needs_a_name_or_two_addresses() {
        let named = read(&[HOST, (ACCOUNT_NAME, "acme"), (CLIENT_ID, "id-1")]).unwrap();
        assert!(
            matches!(named, Storage::Identity(i) if i.client_id.as_deref() == Some("id-1") && i.tables.as_str().contains("acme.table"))
        );
        let (tables, queues) =
            ((TABLE_URI, "https://acme.table.core.windows.net"), (QUEUE_URI, "https://acme.queue.core.windows.net"));
        assert!(matches!(read(&[HOST, tables, queues]).unwrap(), Storage::Identity(i) if i.account == "acme"));
        assert!(read(&[HOST, tables]).is_err());
        assert!(read(&[HOST, (TABLE_URI, "http://acme.table.core.windows.net"), queues]).is_err());
    }
}
