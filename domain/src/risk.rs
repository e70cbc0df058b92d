//! Why one finding comes before another: a sum of named terms.
//!
//! At most 50 for the severity, 30 for exploitation, 10 for confidence, 10 for what depends on the asset: 100.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::asset::Criticality;
use crate::finding::NamedVulnerability;
use crate::severity::{Confidence, Severity};

/// One term of a risk score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RiskFactor {
    /// `severity`, `exploitation`, `ransomware`, `epss`, `confidence`, `criticality`.
    pub name: String,
    /// What it was judged by.
    pub value: String,
    /// What it adds.
    pub points: u8,
    /// In a sentence.
    pub explanation: String,
    /// Who says so.
    pub source: String,
    /// As of when.
    pub as_of: Timestamp,
}

/// What a score is made of.
#[derive(Clone, Copy, Debug)]
pub struct RiskInput<'a> {
    /// Severity.
    pub severity: Severity,
    /// Who gave it: the rule's name.
    pub severity_source: &'a str,
    /// How sure.
    pub confidence: Confidence,
    /// The CVEs, if any.
    pub vulnerabilities: &'a [NamedVulnerability],
    /// What depends on the asset.
    pub criticality: Criticality,
    /// When the source saw it.
    pub observed_at: Timestamp,
    /// When the asset's criticality was last set.
    pub asset_updated_at: Timestamp,
}

/// The score and its terms; terms of no points are left out, but for the severity.
pub fn score(input: &RiskInput<'_>) -> (u8, Vec<RiskFactor>) {
    let mut factors = vec![severity(input)];
    factors.extend(exploitation(input));
    let confidence = match input.confidence {
        Confidence::Verified => {
            factor("confidence", "VERIFIED", 10, "The flaw itself was seen.", "Shodan", input.observed_at)
        }
        Confidence::Inferred => {
            factor("confidence", "INFERRED", 0, "Concluded from a version.", "Shodan", input.observed_at)
        }
    };
    let criticality = match input.criticality {
        Criticality::Low => 0,
        Criticality::Medium => 3,
        Criticality::High => 6,
        Criticality::Critical => 10,
    };
    factors.push(confidence);
    factors.push(factor(
        "criticality",
        input.criticality.as_str(),
        criticality,
        "How much depends on the asset.",
        "asset register",
        input.asset_updated_at,
    ));
    factors.retain(|f| f.points > 0 || f.name == "severity");
    let total = factors.iter().map(|f| u16::from(f.points)).sum::<u16>();
    (u8::try_from(total).unwrap_or(100), factors)
}

fn factor(name: &str, value: &str, points: u8, explanation: &str, source: &str, as_of: Timestamp) -> RiskFactor {
    RiskFactor {
        name: name.into(),
        value: value.into(),
        points,
        explanation: explanation.into(),
        source: source.into(),
        as_of,
    }
}

fn severity(input: &RiskInput<'_>) -> RiskFactor {
    let points = match input.severity {
        Severity::Info => 0,
        Severity::Low => 10,
        Severity::Medium => 25,
        Severity::High => 40,
        Severity::Critical => 50,
    };
    let scored = input.vulnerabilities.iter().filter_map(|v| v.claim.cvss).reduce(f64::max);
    let (explanation, source) = match scored {
        Some(cvss) => (format!("The worst CVSS base score is {cvss:.1}."), "CVSS".to_owned()),
        None => ("As the rule says.".to_owned(), input.severity_source.to_owned()),
    };
    factor("severity", input.severity.as_str(), points, &explanation, &source, input.observed_at)
}

fn exploitation(input: &RiskInput<'_>) -> Vec<RiskFactor> {
    let mut factors = Vec::new();
    let known = input.vulnerabilities.iter().find(|v| v.claim.known_exploited);
    if let Some(known) = known {
        let text = "In CISA's catalogue of known exploited vulnerabilities.";
        factors.push(factor("exploitation", known.cve.as_str(), 25, text, "CISA KEV", input.observed_at));
        if input.vulnerabilities.iter().any(|v| v.claim.known_exploited && v.claim.ransomware) {
            let text = "Used in ransomware campaigns.";
            factors.push(factor("ransomware", known.cve.as_str(), 5, text, "CISA KEV", input.observed_at));
        }
        return factors;
    }
    let likeliest =
        input.vulnerabilities.iter().filter_map(|v| Some((v.claim.epss?, &v.cve))).max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((epss, cve)) = likeliest {
        let points = points_of(epss);
        let text = format!("{cve} has a probability of {:.1} % of being exploited within 30 days.", epss * 100.0);
        factors.push(factor("epss", &format!("{epss:.4}"), points, &text, "FIRST EPSS", input.observed_at));
    }
    factors
}

/// At most 20 for a probability of 1: less than a known exploitation.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is between 0 and 20")]
fn points_of(epss: f64) -> u8 {
    (epss.clamp(0.0, 1.0) * 20.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cve::CveId;
    use crate::observation::VulnerabilityClaim;

    fn input(vulnerabilities: &[NamedVulnerability]) -> RiskInput<'_> {
        RiskInput {
            severity: Severity::Critical,
            severity_source: "rule",
            confidence: Confidence::Verified,
            vulnerabilities,
            criticality: Criticality::Critical,
            observed_at: Timestamp::UNIX_EPOCH,
            asset_updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_worst_of_all_is_exactly_one_hundred() {
        let claim = VulnerabilityClaim {
            known_exploited: true,
            ransomware: true,
            epss: Some(1.0),
            cvss: Some(10.0),
            verified: true,
            ..Default::default()
        };
        let worst = [NamedVulnerability { cve: CveId::parse("CVE-2021-36260").unwrap(), claim }];
        let (score, factors) = score(&input(&worst));
        assert_eq!(score, 100);
        assert_eq!(factors.iter().map(|f| f.points).sum::<u8>(), score);
    }

    #[test]
    fn the_least_is_nothing_but_its_severity() {
        let least = RiskInput {
            severity: Severity::Info,
            confidence: Confidence::Inferred,
            criticality: Criticality::Low,
            ..input(&[])
        };
        let (score, factors) = score(&least);
        assert_eq!((score, factors.len()), (0, 1));
    }
}
