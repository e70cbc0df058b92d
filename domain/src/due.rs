//! By when a finding should be fixed.
//!
//! With a CVE: CISA's Binding Operational Directive 26-04, as published in CERT/CC's SSVC decision tables
//! (`data/bod-26-04.csv`). Everything that Shodan sees counts as publicly exposed. Without one: the
//! organization's days per severity.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::finding::NamedVulnerability;
use crate::intelligence::instant;
use crate::severity::Severity;

/// By what rule a date was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DueBasis {
    /// CISA's BOD 26-04.
    #[serde(rename = "BOD_26_04")]
    Bod2604,
    /// The organization's own days.
    #[serde(rename = "SLA")]
    Sla,
}

impl DueBasis {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bod2604 => "BOD_26_04",
            Self::Sla => "SLA",
        }
    }
}

/// Days to fix, by severity; `None`: no date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sla {
    /// CRITICAL
    pub critical: Option<u32>,
    /// HIGH
    pub high: Option<u32>,
    /// MEDIUM
    pub medium: Option<u32>,
    /// LOW
    pub low: Option<u32>,
}

impl Default for Sla {
    /// 7, 30, 90 and 180 days.
    fn default() -> Self {
        Self { critical: Some(7), high: Some(30), medium: Some(90), low: Some(180) }
    }
}

impl Sla {
    /// The days for a severity; INFO has none.
    pub fn days(&self, severity: Severity) -> Option<u32> {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
            Severity::Info => None,
        }
    }
}

/// A date and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Fix by.
    pub at: Timestamp,
    /// By what rule.
    pub basis: DueBasis,
    /// CISA asks for a forensic investigation.
    pub forensics: bool,
}

/// A row that applies: so many days from an instant that the caller keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applies {
    /// Days to fix.
    pub days: u32,
    /// By what rule.
    pub basis: DueBasis,
    /// CISA asks for a forensic investigation.
    pub forensics: bool,
    /// When the row began to apply, where its source tells: the day of the catalogue's entry.
    pub since: Option<Timestamp>,
}

impl Applies {
    /// The date, counted from an instant.
    pub fn from(self, instant: Timestamp) -> Option<Due> {
        let at = instant.checked_add(span(self.days)).ok()?;
        Some(Due { at, basis: self.basis, forensics: self.forensics })
    }

    /// Is it the same row?
    pub fn is(self, other: Self) -> bool {
        Self { since: None, ..self } == Self { since: None, ..other }
    }

    /// Does it leave less time?
    pub fn is_stricter_than(self, other: Self) -> bool {
        (self.days, !self.forensics) < (other.days, !other.forensics)
    }
}

/// So many days.
pub(crate) fn span(days: u32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(days) * 24)
}

/// The row that applies to a finding: of several CVEs the strictest. INFO has none: it asks for nothing.
pub fn applies(vulnerabilities: &[NamedVulnerability], severity: Severity, sla: &Sla) -> Option<Applies> {
    if severity == Severity::Info {
        return None;
    }
    let strictest = vulnerabilities.iter().filter_map(of_directive).min_by_key(|a| (a.days, !a.forensics, a.since));
    strictest.or_else(|| {
        let sla = sla.days(severity).filter(|_| vulnerabilities.is_empty())?;
        Some(Applies { days: sla, basis: DueBasis::Sla, forensics: false, since: None })
    })
}

fn of_directive(vulnerability: &NamedVulnerability) -> Option<Applies> {
    let known_exploited = vulnerability.claim.known_exploited;
    let (automatable, total) = (vulnerability.automatable().yes, vulnerability.total_impact().yes);
    let row = TABLE
        .iter()
        .find(|row| row.known_exploited == known_exploited && row.automatable == automatable && row.total == total)?;
    let since = vulnerability.facts.kev.as_ref().and_then(|kev| instant(kev.added_on));
    Some(Applies { days: row.days?, basis: DueBasis::Bod2604, forensics: row.forensics, since })
}

#[derive(Clone, Copy, Debug)]
struct Row {
    known_exploited: bool,
    automatable: bool,
    total: bool,
    days: Option<u32>,
    forensics: bool,
}

/// The rows for what is publicly exposed.
static TABLE: LazyLock<Vec<Row>> =
    LazyLock::new(|| include_str!("../data/bod-26-04.csv").lines().skip(1).filter_map(read_row).collect());

fn read_row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.split(',').map(str::trim).collect();
    let [_, known, exposed, automatable, impact, timeline] = cells.as_slice() else { return None };
    (*exposed == "yes").then(|| Row {
        known_exploited: *known == "yes",
        automatable: *automatable == "yes",
        total: *impact == "total",
        days: timeline.split(' ').next().and_then(|n| n.parse().ok()),
        forensics: timeline.contains("forensic"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cve::CveId;
    use crate::intelligence::CveFacts;
    use crate::observation::VulnerabilityClaim;

    fn days(known_exploited: bool, epss: f64, cvss: f64) -> (u32, bool) {
        let claim = VulnerabilityClaim { known_exploited, epss: Some(epss), cvss: Some(cvss), ..Default::default() };
        let one =
            [NamedVulnerability { cve: CveId::parse("CVE-2021-36260").unwrap(), claim, facts: CveFacts::default() }];
        let row = applies(&one, Severity::Low, &Sla::default()).unwrap();
        assert_eq!(row.basis, DueBasis::Bod2604);
        (row.days, row.forensics)
    }

    #[test]
    fn every_row_of_the_directive_is_there() {
        assert_eq!(days(true, 0.9, 9.8), (3, true));
        assert_eq!(days(true, 0.0, 9.8), (3, true));
        assert_eq!(days(true, 0.9, 5.0), (3, false));
        assert_eq!(days(true, 0.0, 5.0), (14, false));
        assert_eq!(days(false, 0.9, 9.8), (3, false));
        assert_eq!(days(false, 0.9, 5.0), (14, false));
        assert_eq!(days(false, 0.0, 9.8), (14, false));
        assert_eq!(days(false, 0.0, 5.0), (60, false));
    }

    #[test]
    fn without_a_cve_the_organization_decides_and_information_asks_for_nothing() {
        let row = applies(&[], Severity::High, &Sla::default()).unwrap();
        let due = row.from(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((due.at.as_second() / 86_400, due.basis), (30, DueBasis::Sla));
        assert!(applies(&[], Severity::Info, &Sla::default()).is_none());
    }
}
