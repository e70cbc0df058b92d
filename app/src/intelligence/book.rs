use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use domain::cve::CveId;
use domain::intelligence::{CveFacts, Intelligence};

use super::noted::{Noted, entry};
use super::store::{CATALOGUE, SHARDS, State, listed};
use crate::App;
use crate::ports::{KnownExploited, StoreError};

/// Everything that findings are judged by of vulnerabilities, as one process holds it.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// As the core reads it: the whole of CISA's catalogue, and what is noted of each CVE that findings name.
    pub intelligence: Intelligence,
    /// The CVEs that the database of vulnerabilities answered about.
    pub(crate) answered: BTreeSet<CveId>,
    pub(super) catalogue: BTreeMap<CveId, KnownExploited>,
    pub(super) noted: BTreeMap<CveId, Noted>,
}

/// The book that this process read last.
#[derive(Debug, Default)]
pub struct Books(Mutex<Option<(u64, Arc<Book>)>>);

impl App {
    /// What is known of vulnerabilities now: one point read while it does not change.
    pub async fn book(&self) -> Result<Arc<Book>, StoreError> {
        Ok(self.book_and_prospect().await?.0)
    }

    /// The same, and whether what it does not hold is about to be asked for: not while the database of vulnerabilities
    /// does not answer.
    pub(crate) async fn book_and_prospect(&self) -> Result<(Arc<Book>, bool), StoreError> {
        let state = State::read(self).await?;
        Ok((Book::of(self, &state).await?, state.cvedb.failures == 0))
    }
}

impl Book {
    pub(super) async fn of(app: &App, state: &State) -> Result<Arc<Self>, StoreError> {
        if let Some((revision, book)) = &*app.books.0.lock().unwrap_or_else(PoisonError::into_inner)
            && *revision == state.revision
        {
            return Ok(Arc::clone(book));
        }
        let mut entries: Vec<KnownExploited> = listed(app, CATALOGUE).await?;
        if entries.is_empty() {
            entries = app.intelligence.known_exploited_built_in().entries;
        }
        let noted: Vec<Noted> = listed(app, SHARDS).await?;
        let book = Arc::new(Self::new(entries, noted));
        *app.books.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((state.revision, Arc::clone(&book)));
        Ok(book)
    }

    fn new(entries: Vec<KnownExploited>, noted: Vec<Noted>) -> Self {
        let catalogue: BTreeMap<CveId, KnownExploited> = entries.into_iter().map(|e| (e.cve.clone(), e)).collect();
        let noted: BTreeMap<CveId, Noted> = noted.into_iter().map(|n| (n.cve.clone(), n)).collect();
        let listed = |known: &KnownExploited| CveFacts { kev: Some(entry(known)), ..CveFacts::default() };
        let mut cves: BTreeMap<CveId, CveFacts> = catalogue.iter().map(|(cve, k)| (cve.clone(), listed(k))).collect();
        cves.extend(noted.iter().map(|(cve, noted)| (cve.clone(), noted.facts(catalogue.get(cve)))));
        let answered = noted.values().filter(|n| n.asked.is_some()).map(|n| n.cve.clone()).collect();
        Self { intelligence: Intelligence { cves }, answered, catalogue, noted }
    }

    /// A CVE's entry in CISA's catalogue, with what CISA wants done.
    pub fn known_exploited(&self, cve: &CveId) -> Option<&KnownExploited> {
        self.catalogue.get(cve)
    }

    /// What is known of a CVE.
    pub fn facts(&self, cve: &CveId) -> Option<&CveFacts> {
        self.intelligence.cves.get(cve)
    }
}
