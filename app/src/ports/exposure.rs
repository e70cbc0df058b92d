use std::net::IpAddr;

use async_trait::async_trait;
use domain::observation::HostObservation;
use ipnet::IpNet;
use jiff::Timestamp;
use thiserror::Error;

/// With which key to ask.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum SourceKey {
    /// Shodan with this key.
    Shodan(String),
    /// InternetDB, which needs none.
    InternetDb,
}

impl std::fmt::Debug for SourceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Shodan(_) => "Shodan(…)",
            Self::InternetDb => "InternetDb",
        })
    }
}

/// Which source an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SourceName {
    /// `api.shodan.io`
    Shodan,
    /// `internetdb.shodan.io`
    InternetDb,
}

/// What a source answered about one address.
#[derive(Clone, Debug, PartialEq)]
pub enum HostAnswer {
    /// It knows the host.
    Known(Box<HostObservation>),
    /// It knows nothing of it (404): unknown, never "fixed".
    Unknown,
}

/// One page of a search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchPage {
    /// The hosts of the page, each with the banners that this page holds.
    pub hosts: Vec<HostObservation>,
    /// How many banners the page held, duplicates and unreadable ones included.
    pub banners: usize,
    /// How many banners of the page could not be read. Above 0 the look is not a full one.
    pub unreadable: usize,
    /// How many banners match in all, as this page says.
    pub total: u64,
    /// What each banner that could be read is known again by when it comes twice, on this page or another.
    pub marks: Vec<u64>,
}

/// A key's plan and what is left of it. `None`: not said; -1 from Shodan (no limit) is `None` too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The plan's name.
    pub plan: String,
    /// Query credits left this month.
    pub query_credits: Option<u64>,
    /// Scan credits left this month.
    pub scan_credits: Option<u64>,
    /// Addresses that may still be monitored.
    pub monitored_ips: Option<u64>,
}

/// Why a source did not answer the question. No text here ever holds a key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SourceError {
    /// The key is not accepted: somebody has to act.
    #[error("the key is not accepted")]
    BadKey,
    /// The plan does not allow this call.
    #[error("the plan does not allow this: {0}")]
    PlanTooLow(String),
    /// Too fast; wait so long.
    #[error("asked too fast; wait {wait_seconds} s")]
    RateLimited {
        /// Seconds to wait, at least 1.
        wait_seconds: u32,
    },
    /// The month's credits are used up.
    #[error("out of query credits")]
    OutOfCredits,
    /// The question itself is refused.
    #[error("the source refuses the question: {0}")]
    Rejected(String),
    /// No usable answer: down, timed out, truncated. Later may work.
    #[error("the source is not available: {0}")]
    Unavailable(String),
}

impl SourceError {
    /// Does asking again later make sense without anybody acting?
    pub fn retry(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unavailable(_))
    }
}

/// Asks sources what the Internet can see. Every call takes its turn at the governor first (one a second per key,
/// over all processes); calls with different keys go side by side.
#[async_trait]
pub trait Exposure: Send + Sync {
    /// One address, freshly looked up.
    async fn host(&self, key: &SourceKey, ip: IpAddr) -> Result<HostAnswer, SourceError>;
    /// One page (from 1) of everything in a network. Shodan only.
    async fn network(&self, key: &SourceKey, network: IpNet, page: u32) -> Result<SearchPage, SourceError>;
    /// One page (from 1) of a Shodan query. Shodan only.
    async fn search(&self, key: &SourceKey, query: &str, page: u32) -> Result<SearchPage, SourceError>;
    /// The addresses of a host name, now. Empty: it has none.
    async fn resolve(&self, key: &SourceKey, hostname: &str) -> Result<Vec<IpAddr>, SourceError>;
    /// Plan and credits. Shodan only.
    async fn account(&self, key: &SourceKey) -> Result<Account, SourceError>;
    /// So many questions with this key follow one another, so that turns may be claimed for several at once; 0: no more do.
    /// Nothing but a hint.
    fn announce(&self, key: &SourceKey, questions: u32);
    /// When the next call with this key may be made, without taking the turn.
    async fn next_turn(&self, key: &SourceKey) -> Option<Timestamp>;
}
