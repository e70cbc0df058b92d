use std::sync::Arc;

use domain::target::AssetKind;
use ipnet::IpNet;
use jiff::Timestamp;
use ulid::Ulid;

use crate::access::Hashing;
use crate::directory::Directories;
use crate::intelligence::Books;
use crate::judging::Rulings;
use crate::notify::Endpoints;
use crate::ports::{
    Alerts, Chats, Clock, Exploits, Exposure, Ids, Intelligence, Letters, Mailer, OpenId, Queue, Research, Scans,
    Tables, Webhooks,
};
use crate::vault::Vault;

/// Who may register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// Everybody.
    Open,
    /// Who was invited.
    #[default]
    Invited,
    /// Nobody.
    Closed,
}

/// What the operator decided. Read once, at the edge.
#[derive(Clone, Default)]
pub struct Settings {
    /// Where people reach the program, without a final slash.
    pub public_url: String,
    /// The instance's Shodan key.
    pub shodan_key: Option<String>,
    /// Ranges that may be watched although they are not public.
    pub target_allow: Vec<IpNet>,
    /// Who may register.
    pub registration: Registration,
    /// Makes the first OWNER while nobody is registered.
    pub setup_code: Option<String>,
    /// How long one tick may take, in seconds; what is not reached stays due.
    pub tick_seconds: u32,
    /// This process lives long enough to keep streams of Shodan's open.
    pub streams: bool,
}

/// The program: its ports, its settings, and what a process may remember between calls.
///
/// Assembled in one place, the same for every way of running it; tests swap the ports.
pub struct App {
    /// Rows.
    pub tables: Arc<dyn Tables>,
    /// Messages.
    pub queue: Arc<dyn Queue>,
    /// What the Internet can see.
    pub exposure: Arc<dyn Exposure>,
    /// What is known of vulnerabilities.
    pub intelligence: Arc<dyn Intelligence>,
    /// What a person asks Shodan itself.
    pub research: Arc<dyn Research>,
    /// Scans on request.
    pub scans: Arc<dyn Scans>,
    /// Shodan Monitor.
    pub alerts: Arc<dyn Alerts>,
    /// Known exploits.
    pub exploits: Arc<dyn Exploits>,
    /// Signed requests.
    pub webhooks: Arc<dyn Webhooks>,
    /// Messages to where people talk.
    pub chats: Arc<dyn Chats>,
    /// Mail.
    pub mailer: Arc<dyn Mailer>,
    /// What is written in mails.
    pub letters: Arc<dyn Letters>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
    /// Secrets at rest.
    pub vault: Vault,
    /// What the operator decided.
    pub settings: Settings,
    /// Directories that this process has read.
    pub directories: Directories,
    /// What this process has read of what is known of vulnerabilities.
    pub books: Books,
    /// What this process has read of what organizations decided about judging.
    pub rulings: Rulings,
    /// Where passwords are hashed.
    pub hashing: Hashing,
    /// Who else tells who somebody is.
    pub openid: Arc<dyn OpenId>,
    /// How the receivers stand that this process asks.
    pub endpoints: Endpoints,
}

impl App {
    /// Now, in whole milliseconds: the keys of rows have no more, and what is read back from one must be the very
    /// instant that was written.
    pub fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// A new ulid: 26 characters, ascending with time, not to be guessed.
    pub fn ulid(&self) -> String {
        let mut random = [0u8; 16];
        self.ids.fill(&mut random);
        let millis = u64::try_from(self.now().as_millisecond()).unwrap_or(0);
        Ulid::from_parts(millis, u128::from_be_bytes(random)).to_string()
    }

    /// The seconds between polls where nobody said otherwise.
    pub const fn default_interval(_kind: AssetKind) -> u32 {
        3600
    }
}
