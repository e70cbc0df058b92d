//! Settings: read once, here, from the environment; checked before anything happens.
//!
//! One file per section, each with the variables that it reads as data ([`Setting`]) and what they mean to the
//! program. Never here: opening, connecting or deciding anything. An error names the variable and says what to do; it
//! never repeats a secret.

mod egress;
mod environment;
mod error;
mod example;
mod log;
mod mail;
mod openid;
mod people;
mod reference;
mod secrets;
mod server;
mod setting;
mod sources;
mod storage;
mod telemetry;

pub use egress::Egress;
pub use environment::Environment;
pub use error::ConfigError;
pub use example::{NOT_OURS, example};
pub use log::{Log, LogFormat};
pub use mail::Mail;
pub use openid::OpenId;
pub use people::People;
pub use reference::reference;
pub use secrets::{SecretKeys, parse_key};
pub use server::{Server, Start};
pub use setting::Setting;
pub use sources::SourceAddresses;
pub use storage::{Identity, Storage};
pub use telemetry::Collector;

/// Everything that the operator decided.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where things are kept.
    pub storage: Storage,
    /// What seals secrets.
    pub secrets: SecretKeys,
    /// How the program is woken and reached.
    pub server: Server,
    /// Who may register.
    pub people: People,
    /// Through whom people may sign in.
    pub openid: OpenId,
    /// Where facts come from.
    pub sources: SourceAddresses,
    /// How mail leaves.
    pub mail: Mail,
    /// What may be reached and watched although it is private.
    pub egress: Egress,
}

impl Config {
    /// Reads and checks all sections.
    ///
    /// # Errors
    /// The first variable that cannot be used.
    pub fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let server = Server::read(environment)?;
        Ok(Self {
            storage: Storage::read(environment)?,
            secrets: SecretKeys::read(environment)?,
            people: People::read(environment)?,
            openid: OpenId::read(environment)?,
            sources: SourceAddresses::read(environment)?,
            mail: Mail::read(environment)?,
            egress: Egress::read(environment)?,
            server,
        })
    }
}

impl Config {
    /// Everything that cannot be used: [`Config::read`] ends at the first.
    pub fn faults(environment: &Environment) -> Vec<ConfigError> {
        [
            Start::read(environment).err(),
            Storage::read(environment).err(),
            SecretKeys::read(environment).err(),
            Server::read(environment).err(),
            People::read(environment).err(),
            OpenId::read(environment).err(),
            SourceAddresses::read(environment).err(),
            Mail::read(environment).err(),
            Egress::read(environment).err(),
            Log::read(environment).err(),
            Collector::read(environment).err(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Every variable that the program reads, section by section.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    [
        storage::SETTINGS,
        secrets::SETTINGS,
        server::SETTINGS,
        people::SETTINGS,
        openid::SETTINGS,
        sources::SETTINGS,
        mail::SETTINGS,
        egress::SETTINGS,
        log::SETTINGS,
        telemetry::SETTINGS,
    ]
    .into_iter()
    .flatten()
}

/// Variables that look like ours and are none: most likely misspelt.
pub fn unknown(environment: &Environment) -> Vec<String> {
    let known = |name: &str| {
        let secret = name.strip_suffix("_FILE");
        settings().any(|setting| setting.name == name || (setting.secret && Some(setting.name) == secret))
    };
    environment.names().filter(|name| name.starts_with("IOTMONITOR_") && !known(name)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_any_variable_everything_has_a_default() {
        let config = Config::read(&Environment::default()).unwrap();
        assert_eq!(config.server.public_url.as_str(), "http://127.0.0.1:7071/");
        assert!(matches!(config.storage, Storage::Embedded(_)));
        assert!(config.secrets.keys.is_empty() && config.sources.shodan_key.is_none() && config.mail.smtp.is_none());
    }

    #[test]
    fn no_variable_is_described_twice_and_all_say_what_they_mean() {
        let mut names: Vec<_> = settings().map(|setting| setting.name).collect();
        assert!(settings().all(|setting| setting.meaning.len() > 10));
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_misspelt_variable_is_told() {
        let environment = Environment::of([
            ("IOTMONITOR_SHODAN_KYE", "k"),
            ("IOTMONITOR_SHODAN_KEY_FILE", "/k"),
            ("IOTMONITOR_LOG_FILE", "/l"),
            ("PATH", "/bin"),
        ]);
        assert_eq!(unknown(&environment), ["IOTMONITOR_LOG_FILE", "IOTMONITOR_SHODAN_KYE"]);
    }

    #[test]
    fn no_secret_shows_in_an_error_or_in_debug() {
        let secret = "hunter2-hunter2";
        for name in settings().filter(|setting| setting.secret).map(|setting| setting.name) {
            match Config::read(&Environment::of([(name, secret)])) {
                Ok(config) => assert!(!format!("{config:?}").contains(secret), "{name}"),
                Err(error) => {
                    assert!(!format!("{error} {error:?}").contains(secret), "{name}: {error}");
                    assert!(error.to_string().contains("IOTMONITOR") || error.to_string().contains("Azure"), "{error}");
                }
            }
        }
    }
}
