//! What is known of vulnerabilities beyond what a banner claims: CISA's catalogue (KEV), FIRST's EPSS, Shodan's
//! `CVEdb`, CISA's Vulnrichment (SSVC).
//!
//! Here belong their formats and addresses, read leniently and within bounds. Nothing needs a key. Never here: what a
//! fact changes, when to ask, or where it is kept.

mod cvedb;
mod epss;
mod kev;
mod ssvc;

use std::collections::BTreeSet;

use app::ports::{
    Edition, EpssScore, Intelligence, KnownExploited, Refreshed, SourceError, SsvcRecord, Validators,
    VulnerabilityFacts,
};
use async_trait::async_trait;
use domain::cve::CveId;
use reqwest::Client;
use url::Url;

pub(crate) use cvedb::Cvedb;
pub(crate) use kev::built_in as known_exploited_built_in;

/// Where vulnerabilities are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntelligenceSettings {
    /// `CVEdb`. A path in it is kept.
    pub cvedb_url: Url,
    /// CISA's catalogue, the whole address.
    pub kev_url: Url,
    /// FIRST's API. A path in it is kept.
    pub epss_url: Url,
    /// The file of all EPSS scores of the day (`.csv` or `.csv.gz`), the whole address.
    pub epss_file_url: Url,
    /// The folder of CISA's Vulnrichment. A path in it is kept.
    pub ssvc_url: Url,
}

impl Default for IntelligenceSettings {
    #[expect(clippy::expect_used, reason = "all addresses are constants, and a test reads them")]
    fn default() -> Self {
        let constant = |url: &str| Url::parse(url).expect("a constant");
        Self {
            cvedb_url: constant("https://cvedb.shodan.io"),
            kev_url: constant("https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"),
            epss_url: constant("https://api.first.org"),
            epss_file_url: constant("https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"),
            ssvc_url: constant("https://raw.githubusercontent.com/cisagov/vulnrichment/develop"),
        }
    }
}

/// All sources of intelligence behind one port. Cheap to clone.
#[derive(Clone, Debug)]
pub struct IntelligenceSources {
    http: Client,
    settings: IntelligenceSettings,
    cvedb: Cvedb,
}

impl IntelligenceSources {
    /// Asks through `http`, which brings its own TLS.
    pub fn new(http: Client, settings: IntelligenceSettings) -> Self {
        let cvedb = Cvedb::new(http.clone(), settings.cvedb_url.clone());
        Self { http, settings, cvedb }
    }
}

#[async_trait]
impl Intelligence for IntelligenceSources {
    fn known_exploited_built_in(&self) -> Edition<KnownExploited> {
        kev::built_in()
    }

    async fn known_exploited(&self, ours: &Validators) -> Result<Refreshed<KnownExploited>, SourceError> {
        kev::refreshed(&self.http, &self.settings.kev_url, ours).await
    }

    async fn epss_of_the_day(
        &self,
        ours: &Validators,
        wanted: &BTreeSet<CveId>,
    ) -> Result<Refreshed<EpssScore>, SourceError> {
        epss::of_the_day(&self.http, &self.settings.epss_file_url, ours, wanted).await
    }

    async fn epss(&self, cves: &[CveId]) -> Result<Vec<EpssScore>, SourceError> {
        epss::of(&self.http, &self.settings.epss_url, cves).await
    }

    async fn vulnerability(&self, cve: &CveId) -> Result<Option<VulnerabilityFacts>, SourceError> {
        self.cvedb.vulnerability(cve).await
    }

    async fn ssvc(&self, cve: &CveId) -> Result<Option<SsvcRecord>, SourceError> {
        ssvc::of(&self.http, &self.settings.ssvc_url, cve).await
    }
}

#[cfg(test)]
mod tests {
    use super::IntelligenceSettings;

    #[test]
    fn the_sources_are_where_they_say() {
        let settings = IntelligenceSettings::default();
        assert_eq!(settings.cvedb_url.host_str(), Some("cvedb.shodan.io"));
        assert_eq!(settings.kev_url.host_str(), Some("www.cisa.gov"));
    }
}
