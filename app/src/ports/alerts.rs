use std::collections::BTreeMap;
use std::net::IpAddr;

use async_trait::async_trait;
use domain::observation::HostObservation;
use ipnet::IpNet;
use jiff::Timestamp;

use super::{SourceError, SourceKey};

/// A watch of Shodan Monitor over some networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Shodan's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it watches: addresses and networks, as they are written.
    pub networks: Vec<String>,
    /// Since when.
    pub created: Option<Timestamp>,
    /// Until when; `None`: for ever.
    pub expires: Option<Timestamp>,
    /// What sets it off.
    pub triggers: Vec<AlertTrigger>,
    /// The ids of the notifiers that tell of it.
    pub notifiers: Vec<String>,
}

/// What sets an alert off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertTrigger {
    /// Its name, such as `new_service`.
    pub name: String,
    /// What it keeps quiet about.
    pub ignored: Vec<Ignored>,
}

/// A service that a trigger ignores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The address.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
    /// Only these CVEs; empty: everything.
    pub cves: Vec<String>,
}

/// Where Shodan sends notifications.
#[derive(Clone, PartialEq, Eq)]
pub struct Notifier {
    /// Shodan's id of it; `default` is the account's e-mail address.
    pub id: String,
    /// Its kind, such as `webhook`, `slack`, `email`.
    pub provider: String,
    /// What people call it.
    pub description: Option<String>,
    /// What the kind wants, such as `url`: often secret.
    pub args: BTreeMap<String, String>,
}

/// Without the arguments, which are often secret.
impl std::fmt::Debug for Notifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notifier").field("id", &self.id).field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// A banner that Shodan Monitor sent by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    /// What it saw: one host with one banner.
    pub seen: HostObservation,
    /// Shodan's id of the banner.
    pub id: Option<String>,
    /// The alert that it was sent for.
    pub alert: Option<String>,
    /// What set it off.
    pub trigger: Option<String>,
}

/// What comes down a stream of what alerts watch.
#[derive(Clone, Debug, PartialEq)]
pub enum Streamed {
    /// A banner.
    Push(Box<Push>),
    /// Nothing, but the stream lives.
    Heartbeat,
    /// Something that is no banner, and why. It costs only itself.
    Unreadable(String),
}

/// An open stream of what alerts watch. Dropping it closes it.
#[async_trait]
pub trait PushStream: Send {
    /// What comes next, however long that takes; `None`: the stream ended. Who gives up waiting loses nothing.
    ///
    /// # Errors
    /// It broke off, was silent for longer than a living one is, or said why it ends.
    async fn next(&mut self) -> Result<Option<Streamed>, SourceError>;
}

/// Looks after Shodan Monitor's alerts. Every call that is asynchronous takes its turn at the governor, and none
/// costs query credits.
#[async_trait]
pub trait Alerts: Send + Sync {
    /// All alerts of the key.
    async fn alerts(&self, key: &SourceKey) -> Result<Vec<Alert>, SourceError>;
    /// The names of all that can set an alert off.
    async fn triggers(&self, key: &SourceKey) -> Result<Vec<String>, SourceError>;
    /// Makes an alert that never expires.
    async fn create(&self, key: &SourceKey, name: &str, networks: &[IpNet]) -> Result<Alert, SourceError>;
    /// Lets an alert watch these instead.
    async fn edit(&self, key: &SourceKey, id: &str, networks: &[IpNet]) -> Result<(), SourceError>;
    /// Ends an alert.
    async fn delete(&self, key: &SourceKey, id: &str) -> Result<(), SourceError>;
    /// Lets these set an alert off, too.
    async fn enable(&self, key: &SourceKey, id: &str, triggers: &[&str]) -> Result<(), SourceError>;
    /// All notifiers of the key.
    async fn notifiers(&self, key: &SourceKey) -> Result<Vec<Notifier>, SourceError>;
    /// Makes a notifier that posts to a URL. Returns its id.
    async fn create_webhook(&self, key: &SourceKey, description: &str, url: &str) -> Result<String, SourceError>;
    /// Removes a notifier.
    async fn delete_notifier(&self, key: &SourceKey, id: &str) -> Result<(), SourceError>;
    /// Has a notifier tell of an alert.
    async fn attach(&self, key: &SourceKey, alert: &str, notifier: &str) -> Result<(), SourceError>;
    /// Opens the stream of what all alerts of the key watch.
    async fn listen(&self, key: &SourceKey) -> Result<Box<dyn PushStream>, SourceError>;
    /// Is this the signature (`SHODAN-SIGNATURE-SHA1`) of what Monitor posted for the key?
    fn signed(&self, key: &SourceKey, body: &[u8], signature: &str) -> bool;
    /// Reads what Monitor posts; `None`: it is no banner.
    fn read_push(&self, body: &[u8]) -> Option<Push>;
}
