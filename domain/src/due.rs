//! By when a finding should be fixed.
//!
//! With a CVE: CISA's Binding Operational Directive 26-04, as published in CERT/CC's SSVC decision tables
//! (`data/bod-26-04.csv`). Everything that Shodan sees counts as publicly exposed. Without one: the
//! organization's days per severity.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::finding::NamedVulnerability;
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

/// An EPSS probability from which an attack counts as automatable, where CISA's own record is not at hand.
pub(crate) const AUTOMATABLE_EPSS: f64 = 0.1;
/// A CVSS score from which the impact counts as total, where CISA's own record is not at hand.
const TOTAL_CVSS: f64 = 9.0;

/// The date of a finding, counted from `since`: the later of its opening and the day on which the row of the
/// table began to apply.
pub fn due(vulnerabilities: &[NamedVulnerability], severity: Severity, sla: &Sla, since: Timestamp) -> Option<Due> {
    let worst = vulnerabilities.iter().map(bod_row).min_by_key(|row| (row.days.unwrap_or(u32::MAX), !row.forensics));
    let (days, basis, forensics) = match worst {
        Some(row) => (row.days?, DueBasis::Bod2604, row.forensics),
        None => (sla.days(severity)?, DueBasis::Sla, false),
    };
    let at = since.checked_add(SignedDuration::from_hours(i64::from(days) * 24)).ok()?;
    Some(Due { at, basis, forensics })
}

fn bod_row(vulnerability: &NamedVulnerability) -> Row {
    let claim = &vulnerability.claim;
    let automatable = claim.epss.is_some_and(|p| p >= AUTOMATABLE_EPSS);
    let total = claim.cvss.is_some_and(|s| s >= TOTAL_CVSS);
    TABLE
        .iter()
        .find(|row| {
            row.known_exploited == claim.known_exploited && row.automatable == automatable && row.total == total
        })
        .copied()
        .unwrap_or(Row { known_exploited: false, automatable, total, days: None, forensics: false })
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
    use crate::observation::VulnerabilityClaim;

    fn days(known_exploited: bool, epss: f64, cvss: f64) -> (i64, bool) {
        let claim = VulnerabilityClaim { known_exploited, epss: Some(epss), cvss: Some(cvss), ..Default::default() };
        let one = [NamedVulnerability { cve: CveId::parse("CVE-2021-36260").unwrap(), claim }];
        let due = due(&one, Severity::Low, &Sla::default(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(due.basis, DueBasis::Bod2604);
        (due.at.as_second() / 86_400, due.forensics)
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
    fn without_a_cve_the_organization_decides() {
        let due = due(&[], Severity::High, &Sla::default(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((due.at.as_second() / 86_400, due.basis), (30, DueBasis::Sla));
        assert!(super::due(&[], Severity::Info, &Sla::default(), Timestamp::UNIX_EPOCH).is_none());
    }
}
