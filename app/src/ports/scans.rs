use std::collections::BTreeMap;
use std::net::IpAddr;

use async_trait::async_trait;
use domain::observation::HostObservation;
use jiff::Timestamp;

use super::{SourceError, SourceKey};

/// What a scan is to look at: addresses with ports and the names of their protocols; of an address without any, all
/// ports that are crawled.
pub type ScanOrder = BTreeMap<IpAddr, Vec<(u16, String)>>;

/// A scan that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedScan {
    /// Shodan's id of it.
    pub id: String,
    /// How many addresses it looks at: a scan credit each.
    pub size: Option<u64>,
    /// Scan credits that are left afterwards; `None`: not said, or no limit.
    pub credits_left: Option<u64>,
}

/// A scan of the key's, whoever asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastScan {
    /// Shodan's id of it.
    pub id: String,
    /// How many addresses it looks at.
    pub size: Option<u64>,
    /// When it was submitted.
    pub created: Option<Timestamp>,
}

/// How far a scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanProgress {
    /// Taken in, waiting.
    Waiting,
    /// Being carried out.
    Running,
    /// Done.
    Done,
}

/// Has addresses looked at anew. Every call takes its turn at the governor.
#[async_trait]
pub trait Scans: Send + Sync {
    /// Orders a scan: a scan credit for each address. Never repeated by itself: twice is paid twice.
    async fn order(&self, key: &SourceKey, wanted: &ScanOrder) -> Result<AcceptedScan, SourceError>;
    /// The ports that are looked at where none are named. No credits.
    async fn crawled(&self, key: &SourceKey) -> Result<Vec<u16>, SourceError>;
    /// How far one is. No credits.
    async fn progress(&self, key: &SourceKey, id: &str) -> Result<ScanProgress, SourceError>;
    /// The key's newest scans. No credits.
    async fn newest(&self, key: &SourceKey) -> Result<Vec<PastScan>, SourceError>;
    /// What a scan saw of an address: only what it, or a crawl after `since`, saw. `None`: nothing. No credits.
    async fn result(
        &self,
        key: &SourceKey,
        id: &str,
        ip: IpAddr,
        since: Timestamp,
    ) -> Result<Option<HostObservation>, SourceError>;
}
