//! Why one finding comes before another: a sum of named terms.
//!
//! At most 50 for the severity; 30 for exploitation (known, by ransomware, likely, an exploit at hand) or, without a
//! CVE, for what the protocol lets strangers do; 10 for confidence; 10 for what depends on the asset: 100.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::asset::Criticality;
use crate::finding::NamedVulnerability;
use crate::intelligence::{Exploit, instant};
use crate::rule::Category;
use crate::severity::{Confidence, Severity};

/// One term of a risk score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RiskFactor {
    /// `severity`, `exploitation`, `ransomware`, `epss`, `exploit`, `danger`, `confidence`, `criticality`.
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
    /// What sort of thing: says what strangers can do.
    pub category: Category,
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
    factors.extend(within(exploitation(input), EXPLOITATION));
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
    let scored = input.vulnerabilities.iter().filter_map(|v| Some((v.claim.cvss?, v)));
    let (explanation, source, as_of) = match scored.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((cvss, worst)) => {
            let as_of = worst.facts.cvss.as_ref().and_then(|c| c.as_of).and_then(instant);
            (format!("The worst CVSS base score is {cvss:.1}."), "CVSS", as_of)
        }
        None => ("As the rule says.".to_owned(), input.severity_source, None),
    };
    factor("severity", input.severity.as_str(), points, &explanation, source, as_of.unwrap_or(input.observed_at))
}

/// What exploitation, or without a CVE the danger of the protocol, adds at most.
const EXPLOITATION: u8 = 30;

/// As many of the terms as fit: what is too much is taken from the last.
fn within(factors: Vec<RiskFactor>, most: u8) -> Vec<RiskFactor> {
    let mut left = most;
    let take = |mut factor: RiskFactor| {
        factor.points = factor.points.min(left);
        left -= factor.points;
        factor
    };
    factors.into_iter().map(take).collect()
}

fn exploitation(input: &RiskInput<'_>) -> Vec<RiskFactor> {
    let cves = input.vulnerabilities;
    let mut factors = Vec::new();
    let known = |v: &&NamedVulnerability| v.claim.known_exploited;
    if let Some(known) = cves.iter().filter(known).max_by_key(|v| v.claim.ransomware) {
        let listed = known.facts.kev.as_ref().map(|kev| kev.added_on);
        let as_of = listed.and_then(instant).unwrap_or(input.observed_at);
        let text = match listed {
            Some(day) => format!("In CISA's catalogue of known exploited vulnerabilities since {day}."),
            None => "In CISA's catalogue of known exploited vulnerabilities.".to_owned(),
        };
        factors.push(factor("exploitation", known.cve.as_str(), 25, &text, "CISA KEV", as_of));
        if known.claim.ransomware {
            let text = "Used in ransomware campaigns.";
            factors.push(factor("ransomware", known.cve.as_str(), 5, text, "CISA KEV", as_of));
        }
    } else {
        factors.extend(likelihood(input));
    }
    factors.extend(exploit(input));
    factors.extend(danger(input));
    factors
}

fn likelihood(input: &RiskInput<'_>) -> Option<RiskFactor> {
    let likely = input.vulnerabilities.iter().filter_map(|v| Some((v.claim.epss?, v)));
    let (epss, of) = likely.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let as_of = of.facts.epss.as_ref().and_then(|e| e.date).and_then(instant).unwrap_or(input.observed_at);
    let text = format!("{} has a probability of {:.1} % of being exploited within 30 days.", of.cve, epss * 100.0);
    Some(factor("epss", &format!("{epss:.4}"), points_of(epss), &text, "FIRST EPSS", as_of))
}

/// The most reliable exploit that is published for one of the CVEs.
fn exploit(input: &RiskInput<'_>) -> Option<RiskFactor> {
    let all = input.vulnerabilities.iter().flat_map(|v| v.facts.exploits.iter().map(move |e| (e, &v.cve)));
    let (best, cve): (&Exploit, _) = all.max_by_key(|(e, cve)| (e.reliability(), std::cmp::Reverse(*cve)))?;
    let points = match best.reliability() {
        3 => 10,
        2 => 8,
        1 => 6,
        _ => 4,
    };
    let rank = best.rank.as_deref().unwrap_or("not ranked");
    let text = format!("{} has an exploit for {cve} ({rank}).", best.database);
    let as_of = best.date.and_then(instant).unwrap_or(input.observed_at);
    Some(factor("exploit", rank, points, &text, &best.database, as_of))
}

/// What strangers can do where nothing needs to be exploited. What is held back as information adds nothing.
fn danger(input: &RiskInput<'_>) -> Option<RiskFactor> {
    let (points, text) = match input.category {
        Category::Malware => (25, "Somebody else is in control already."),
        Category::IndustrialControl => {
            (20, "By this protocol machines are moved, and most of its kind ask for no login.")
        }
        Category::OpenDatabase => (15, "Contents can be read, changed and deleted without a login."),
        Category::WeakCredentials => (15, "No password stands in the way, or one that everybody knows."),
        Category::RemoteAccess => (12, "By this protocol the machine is controlled."),
        Category::IotDevice => (8, "Devices of this kind are taken over by robots within hours."),
        Category::ExposedService | Category::EndOfLife => (5, "Flaws in it can be tried by everybody."),
        Category::Amplification | Category::InformationLeak | Category::WeakEncryption => {
            (3, "It helps attacks on this or on others.")
        }
        Category::Vulnerability | Category::Certificate | Category::Change => return None,
    };
    let counts = input.severity > Severity::Info;
    counts.then(|| factor("danger", input.category.as_str(), points, text, input.severity_source, input.observed_at))
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
    use crate::intelligence::CveFacts;
    use crate::observation::VulnerabilityClaim;

    fn input(vulnerabilities: &[NamedVulnerability]) -> RiskInput<'_> {
        RiskInput {
            severity: Severity::Critical,
            severity_source: "rule",
            category: Category::Vulnerability,
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
        let exploit = Exploit { database: "Metasploit".into(), rank: Some("excellent".into()), date: None };
        let facts = CveFacts { exploits: vec![exploit], ..CveFacts::default() };
        let worst = [NamedVulnerability { cve: CveId::parse("CVE-2021-36260").unwrap(), claim, facts }];
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

    #[test]
    fn an_exploit_at_hand_and_its_rank_count_where_nothing_is_known_to_be_exploited() {
        let scored = |rank: Option<&str>, exploits: bool| {
            let exploit = Exploit { database: "Metasploit".into(), rank: rank.map(Into::into), date: None };
            let facts = CveFacts { exploits: exploits.then_some(exploit).into_iter().collect(), ..CveFacts::default() };
            let claim = VulnerabilityClaim { epss: Some(0.5), ..Default::default() };
            let one = [NamedVulnerability { cve: CveId::parse("CVE-2021-36260").unwrap(), claim, facts }];
            score(&input(&one)).0
        };
        let without = scored(None, false);
        assert_eq!(scored(Some("excellent"), true), without + 10);
        assert_eq!(scored(None, true), without + 6);
        assert_eq!(scored(Some("manual"), true), without + 4);
    }

    #[test]
    fn a_protocol_that_moves_machines_comes_before_a_certificate() {
        let of = |category| score(&RiskInput { category, ..input(&[]) }).0;
        assert!(of(Category::IndustrialControl) > of(Category::RemoteAccess));
        assert!(of(Category::RemoteAccess) > of(Category::Certificate));
        let held_back = RiskInput { severity: Severity::Info, category: Category::Malware, ..input(&[]) };
        assert!(score(&held_back).1.iter().all(|f| f.name != "danger"));
    }
}
