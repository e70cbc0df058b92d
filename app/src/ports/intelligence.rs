use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::cve::CveId;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::SourceError;

/// What tells a publisher which edition we have. Kept beside what was made of that edition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Validators {
    /// The publisher's name of the edition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// When it was published, as the publisher wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// What came of asking for a newer edition.
#[derive(Clone, Debug, PartialEq)]
pub enum Refreshed<T> {
    /// The edition that we have is the newest.
    Unchanged,
    /// Another one.
    Changed(Edition<T>),
}

/// One edition of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Edition<T> {
    /// The entries, ascending by CVE, one for each.
    pub entries: Vec<T>,
    /// How many entries could not be read.
    pub unreadable: usize,
    /// The publisher's own date of the data.
    pub date: Option<Date>,
    /// To be given when asking again.
    pub validators: Validators,
}

/// An entry of CISA's catalogue of known exploited vulnerabilities (KEV).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownExploited {
    /// The CVE.
    pub cve: CveId,
    /// Since when it is listed.
    pub added_on: Date,
    /// Until when U.S. agencies must have acted.
    pub due_on: Date,
    /// Is it known that ransomware uses it?
    pub ransomware: bool,
    /// What CISA wants done. The built-in copy does not hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_action: Option<String>,
}

/// FIRST's estimate that a CVE is exploited within 30 days (EPSS).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EpssScore {
    /// The CVE.
    pub cve: CveId,
    /// Probability, 0 to 1.
    pub probability: f64,
    /// Share of all CVEs that are less likely, 0 to 1.
    pub percentile: f64,
    /// Of which day.
    pub date: Option<Date>,
}

/// Is it exploited, in the words of SSVC?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Exploitation {
    /// No sign of it.
    None,
    /// It was shown how.
    Poc,
    /// It is.
    Active,
}

/// CISA's judgement of a CVE for its decision tree (SSVC), and what else is read from its record in Vulnrichment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SsvcRecord {
    /// The CVE.
    pub cve: CveId,
    /// Is it exploited?
    pub exploitation: Option<Exploitation>,
    /// Can an attack be automated?
    pub automatable: Option<bool>,
    /// Does it give total control? `false`: partial.
    pub total_impact: Option<bool>,
    /// When CISA judged.
    pub decided_at: Option<Timestamp>,
    /// What sort of weakness its record names, such as `CWE-78`, at most 10.
    #[serde(default)]
    pub cwes: Vec<String>,
}

/// A CVSS score of a CVE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CvssScore {
    /// `2.0`, `3.1`, `4.0`; `3` where only that is told.
    pub version: String,
    /// 0 to 10.
    pub score: f64,
}

/// What a database of vulnerabilities knows of a CVE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VulnerabilityFacts {
    /// The CVE.
    pub cve: CveId,
    /// What it is, at most 4 KiB.
    pub summary: Option<String>,
    /// Its scores, the newest version of CVSS first.
    pub cvss: Vec<CvssScore>,
    /// Its EPSS, as this database has it.
    pub epss: Option<EpssScore>,
    /// Is it in CISA's catalogue, as this database has it?
    pub known_exploited: bool,
    /// Is it known that ransomware uses it, as this database has it?
    pub ransomware: bool,
    /// What to do, in a sentence.
    pub proposed_action: Option<String>,
    /// Links, http and https only, at most 50.
    pub references: Vec<String>,
    /// What it is about, as CPE 2.3, at most 500.
    pub cpes: Vec<String>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
}

/// Tells what is known of vulnerabilities beyond what a banner claims. Nothing here needs a key or takes a turn.
///
/// Where one source does not answer the others still do; no answer is ever read as "no longer exploited".
#[async_trait]
pub trait Intelligence: Send + Sync {
    /// The copy of CISA's catalogue that is built in, for where there is no network. Its date says how old it is.
    fn known_exploited_built_in(&self) -> Edition<KnownExploited>;
    /// CISA's catalogue, if there is another edition than ours.
    async fn known_exploited(&self, ours: &Validators) -> Result<Refreshed<KnownExploited>, SourceError>;
    /// The day's EPSS of those that are wanted, if there is another edition than ours. One download of some 2 MB, which
    /// has all CVEs: cheaper than asking for more than a few hundred.
    async fn epss_of_the_day(
        &self,
        ours: &Validators,
        wanted: &BTreeSet<CveId>,
    ) -> Result<Refreshed<EpssScore>, SourceError>;
    /// EPSS of these CVEs, in requests of 100 each. Those that have none are left out.
    async fn epss(&self, cves: &[CveId]) -> Result<Vec<EpssScore>, SourceError>;
    /// What is known of one CVE. `None`: nothing.
    async fn vulnerability(&self, cve: &CveId) -> Result<Option<VulnerabilityFacts>, SourceError>;
    /// CISA's record of one CVE. `None`: it has none, or one that says nothing.
    async fn ssvc(&self, cve: &CveId) -> Result<Option<SsvcRecord>, SourceError>;
}
