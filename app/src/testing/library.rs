use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::cve::CveId;
use jiff::civil::Date;

use crate::ports::{
    Edition, EpssScore, Intelligence, KnownExploited, Refreshed, SourceError, SsvcRecord, Validators,
    VulnerabilityFacts,
};

/// Publishers that tell what a test wrote down. A catalogue has another edition whenever it changed.
#[derive(Default)]
pub struct Library(Mutex<Shelves>);

#[derive(Default)]
struct Shelves {
    known: BTreeMap<CveId, KnownExploited>,
    edition: u32,
    scores: BTreeMap<CveId, EpssScore>,
    facts: BTreeMap<CveId, VulnerabilityFacts>,
    records: BTreeMap<CveId, SsvcRecord>,
    down: bool,
    asked: usize,
}

impl Library {
    /// From now on CISA lists it, since that day.
    pub fn lists(&self, cve: &CveId, added_on: Date) {
        let mut shelves = self.shelves();
        let (due_on, required_action) = (added_on, Some("Apply updates.".into()));
        let entry = KnownExploited { cve: cve.clone(), added_on, due_on, ransomware: false, required_action };
        shelves.known.insert(cve.clone(), entry);
        shelves.edition += 1;
    }

    /// From now on this is its EPSS.
    pub fn scores(&self, cve: &CveId, probability: f64, date: Date) {
        let score = EpssScore { cve: cve.clone(), probability, percentile: probability, date: Some(date) };
        self.shelves().scores.insert(cve.clone(), score);
    }

    /// From now on the database tells this.
    pub fn tells(&self, facts: VulnerabilityFacts) {
        self.shelves().facts.insert(facts.cve.clone(), facts);
    }

    /// From now on CISA's record says this.
    pub fn judges(&self, record: SsvcRecord) {
        self.shelves().records.insert(record.cve.clone(), record);
    }

    /// From now on nobody answers, or everybody does.
    pub fn is_down(&self, down: bool) {
        self.shelves().down = down;
    }

    /// How many questions there were.
    pub fn asked(&self) -> usize {
        self.shelves().asked
    }

    fn open(&self) -> Result<MutexGuard<'_, Shelves>, SourceError> {
        let mut shelves = self.shelves();
        shelves.asked += 1;
        if shelves.down { Err(SourceError::Unavailable("closed".into())) } else { Ok(shelves) }
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Intelligence for Library {
    fn known_exploited_built_in(&self) -> Edition<KnownExploited> {
        Edition { entries: Vec::new(), unreadable: 0, date: None, validators: Validators::default() }
    }

    async fn known_exploited(&self, ours: &Validators) -> Result<Refreshed<KnownExploited>, SourceError> {
        let shelves = self.open()?;
        let etag = Some(shelves.edition.to_string());
        if ours.etag == etag {
            return Ok(Refreshed::Unchanged);
        }
        let entries: Vec<KnownExploited> = shelves.known.values().cloned().collect();
        let date = entries.iter().map(|entry| entry.added_on).max();
        let validators = Validators { etag, last_modified: None };
        Ok(Refreshed::Changed(Edition { entries, unreadable: 0, date, validators }))
    }

    async fn epss_of_the_day(
        &self,
        _: &Validators,
        wanted: &BTreeSet<CveId>,
    ) -> Result<Refreshed<EpssScore>, SourceError> {
        let shelves = self.open()?;
        let entries = shelves.scores.values().filter(|score| wanted.contains(&score.cve)).cloned().collect();
        let validators = Validators::default();
        Ok(Refreshed::Changed(Edition { entries, unreadable: 0, date: None, validators }))
    }

    async fn epss(&self, cves: &[CveId]) -> Result<Vec<EpssScore>, SourceError> {
        let shelves = self.open()?;
        Ok(cves.iter().filter_map(|cve| shelves.scores.get(cve).cloned()).collect())
    }

    async fn vulnerability(&self, cve: &CveId) -> Result<Option<VulnerabilityFacts>, SourceError> {
        Ok(self.open()?.facts.get(cve).cloned())
    }

    async fn ssvc(&self, cve: &CveId) -> Result<Option<SsvcRecord>, SourceError> {
        Ok(self.open()?.records.get(cve).cloned())
    }
}
