//! What is known of vulnerabilities beyond what a banner claims: exploited or not, how likely, how bad, by whose word.
//!
//! The caller loads it; [`Intelligence::name`] joins it with a claim. What is loaded is newer than what a banner said,
//! and never takes back that something is exploited: a catalogue that could not be read says nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::cve::CveId;
use crate::finding::NamedVulnerability;
use crate::merge::Known;
use crate::observation::VulnerabilityClaim;
use crate::rule::RuleSet;

/// What is known, by CVE. Empty: only what banners claim.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Intelligence {
    /// Each CVE that something is known of.
    pub cves: BTreeMap<CveId, CveFacts>,
}

/// What is known of one CVE, each with whose word it is and of when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CveFacts {
    /// Its entry in CISA's catalogue of known exploited vulnerabilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kev: Option<KevEntry>,
    /// FIRST's estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss: Option<Epss>,
    /// Its base score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cvss: Option<Cvss>,
    /// Published exploits; a finding keeps the three that are ranked best.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exploits: Vec<Exploit>,
    /// CISA's own judgement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssvc: Option<SsvcRecord>,
}

/// An entry of CISA's catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KevEntry {
    /// Since when it is listed.
    pub added_on: Date,
    /// Until when U.S. agencies must have acted.
    pub due_on: Date,
    /// Ransomware is known to use it.
    pub ransomware: bool,
}

/// FIRST's estimate of exploitation within 30 days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epss {
    /// 0 to 1.
    pub probability: f64,
    /// Share of all CVEs that are less likely, 0 to 1.
    pub percentile: f64,
    /// Of which day.
    pub date: Option<Date>,
}

/// A base score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cvss {
    /// `3.1`, `4.0` …
    pub version: String,
    /// 0 to 10.
    pub score: f64,
    /// When it was asked for.
    pub as_of: Option<Date>,
}

/// A published exploit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exploit {
    /// Who publishes it: `Metasploit`, `Exploit-DB`.
    pub database: String,
    /// How reliable its publisher says it is: `excellent`, `normal` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<String>,
    /// When it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

/// CISA's judgement of a CVE (SSVC, published as Vulnrichment).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SsvcRecord {
    /// Is it exploited?
    pub exploitation: Option<Exploitation>,
    /// Can an attack be automated?
    pub automatable: Option<bool>,
    /// Does it give total control? `false`: partial.
    pub total_impact: Option<bool>,
    /// When CISA judged.
    pub decided_at: Option<Timestamp>,
}

/// A yes or no, and by whose word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Yes?
    pub yes: bool,
    /// `CISA SSVC`, or from what it was derived.
    pub source: &'static str,
}

/// Exploits that a finding keeps of one CVE.
const MOST_EXPLOITS: usize = 3;
/// An EPSS probability from which an attack counts as automatable, where CISA's own record is not at hand.
const AUTOMATABLE_EPSS: f64 = 0.1;
/// A CVSS score from which the impact counts as total, where CISA's own record is not at hand.
const TOTAL_CVSS: f64 = 9.0;

impl Intelligence {
    /// Joins a claim with what is known of its CVE.
    pub fn name(&self, cve: CveId, mut claim: VulnerabilityClaim) -> NamedVulnerability {
        let Some(known) = self.cves.get(&cve) else {
            return NamedVulnerability { cve, claim, facts: CveFacts::default() };
        };
        claim.known_exploited |= known.kev.is_some();
        claim.ransomware |= known.kev.as_ref().is_some_and(|kev| kev.ransomware);
        if let Some(epss) = &known.epss {
            claim.epss = Some(epss.probability);
            claim.epss_percentile = Some(epss.percentile);
        }
        if let Some(cvss) = &known.cvss {
            claim.cvss = Some(cvss.score);
            claim.cvss_version = Some(cvss.version.clone());
        }
        let mut facts = known.clone();
        facts.exploits.sort_by(|a, b| {
            b.reliability().cmp(&a.reliability()).then_with(|| (&a.database, &a.date).cmp(&(&b.database, &b.date)))
        });
        facts.exploits.truncate(MOST_EXPLOITS);
        NamedVulnerability { cve, claim, facts }
    }
}

/// The CVEs that judging what is known may ask about: those of banners and hosts, and those that rules stand for.
pub fn asked_about(known: &Known, rules: &RuleSet) -> BTreeSet<CveId> {
    let banners = known.services.values().filter_map(|service| service.banner.as_ref());
    let claimed = banners.flat_map(|banner| banner.vulnerabilities.keys());
    let listed = known.hosts.values().flat_map(|host| &host.vulnerabilities);
    claimed.chain(listed).chain(rules.rules().flat_map(|rule| &rule.cves)).cloned().collect()
}

impl CveFacts {
    /// Is nothing known?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Exploit {
    /// 0 to 3: by the words of Metasploit's ranking; exploits without a rank work for somebody.
    pub fn reliability(&self) -> u8 {
        match self.rank.as_deref() {
            Some("excellent" | "great") => 3,
            Some("good" | "normal") => 2,
            Some("average" | "low" | "manual") => 0,
            _ => 1,
        }
    }
}

impl NamedVulnerability {
    /// Can an attack be automated? By CISA's record, else derived from EPSS (≥ 10 %).
    pub fn automatable(&self) -> Judged {
        match self.facts.ssvc.as_ref().and_then(|record| record.automatable) {
            Some(yes) => Judged { yes, source: "CISA SSVC" },
            None => Judged { yes: self.claim.epss.is_some_and(|p| p >= AUTOMATABLE_EPSS), source: "derived from EPSS" },
        }
    }

    /// Does it give total control? By CISA's record, else derived from CVSS (≥ 9).
    pub fn total_impact(&self) -> Judged {
        match self.facts.ssvc.as_ref().and_then(|record| record.total_impact) {
            Some(yes) => Judged { yes, source: "CISA SSVC" },
            None => Judged { yes: self.claim.cvss.is_some_and(|s| s >= TOTAL_CVSS), source: "derived from CVSS" },
        }
    }

    /// Is it exploited? By CISA's catalogue, its record, or a published exploit.
    pub fn exploitation(&self) -> Exploitation {
        let recorded = self.facts.ssvc.as_ref().and_then(|record| record.exploitation).unwrap_or(Exploitation::None);
        if self.claim.known_exploited {
            Exploitation::Active
        } else if self.facts.exploits.is_empty() {
            recorded
        } else {
            recorded.max(Exploitation::Poc)
        }
    }
}

/// The first instant of a day, in UTC.
pub(crate) fn instant(date: Date) -> Option<Timestamp> {
    date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cve() -> CveId {
        CveId::parse("CVE-2021-36260").unwrap()
    }

    fn knowing(facts: CveFacts) -> Intelligence {
        Intelligence { cves: BTreeMap::from([(cve(), facts)]) }
    }

    #[test]
    fn what_is_loaded_is_newer_and_takes_no_exploitation_back() {
        let claim =
            VulnerabilityClaim { known_exploited: true, epss: Some(0.1), cvss: Some(5.0), ..Default::default() };
        let facts = CveFacts {
            epss: Some(Epss { probability: 0.9, percentile: 0.99, date: None }),
            cvss: Some(Cvss { version: "3.1".into(), score: 9.8, as_of: None }),
            ..CveFacts::default()
        };
        let named = knowing(facts).name(cve(), claim.clone());
        assert_eq!((named.claim.epss, named.claim.cvss, named.claim.known_exploited), (Some(0.9), Some(9.8), true));
        assert_eq!(Intelligence::default().name(cve(), claim.clone()).claim, claim);
    }

    #[test]
    fn cisas_record_is_believed_before_what_is_derived_and_each_is_named() {
        let record = SsvcRecord {
            exploitation: Some(Exploitation::Poc),
            automatable: Some(false),
            total_impact: None,
            decided_at: None,
        };
        let facts = CveFacts { ssvc: Some(record), ..CveFacts::default() };
        let claim = VulnerabilityClaim { epss: Some(0.9), cvss: Some(9.8), ..Default::default() };
        let named = knowing(facts).name(cve(), claim.clone());
        assert_eq!(named.automatable(), Judged { yes: false, source: "CISA SSVC" });
        assert_eq!(named.total_impact(), Judged { yes: true, source: "derived from CVSS" });
        assert_eq!(named.exploitation(), Exploitation::Poc);
        let derived = Intelligence::default().name(cve(), claim);
        assert_eq!(derived.automatable(), Judged { yes: true, source: "derived from EPSS" });
    }

    #[test]
    fn a_finding_keeps_the_best_ranked_exploits() {
        let exploit = |rank: Option<&str>| Exploit { database: "x".into(), rank: rank.map(Into::into), date: None };
        let facts = CveFacts {
            exploits: vec![exploit(Some("manual")), exploit(None), exploit(Some("excellent")), exploit(Some("normal"))],
            ..CveFacts::default()
        };
        let named = knowing(facts).name(cve(), VulnerabilityClaim::default());
        let ranks: Vec<u8> = named.facts.exploits.iter().map(Exploit::reliability).collect();
        assert_eq!(ranks, [3, 2, 1]);
        assert_eq!(named.exploitation(), Exploitation::Poc);
    }
}
