//! When to act on a vulnerability: the deployer's tree of SSVC, as CERT/CC publishes it (`data/ssvc-deployer.csv`).
//!
//! What Shodan sees counts as open to the Internet. Exploitation and automatable come from what is known of the CVE, the
//! human impact from what depends on the asset and what it is.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::asset::{Asset, Criticality};
use crate::finding::NamedVulnerability;
use crate::intelligence::{Exploitation, Judged};
use crate::profile::DeviceClass;

/// When to act. Ordered: the last is the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Decision {
    /// Not now.
    Defer,
    /// With the next maintenance.
    Scheduled,
    /// Before the next maintenance.
    OutOfCycle,
    /// At once.
    Immediate,
}

impl Decision {
    /// All of them, the least urgent first.
    pub const ALL: [Self; 4] = [Self::Defer, Self::Scheduled, Self::OutOfCycle, Self::Immediate];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Defer => "DEFER",
            Self::Scheduled => "SCHEDULED",
            Self::OutOfCycle => "OUT_OF_CYCLE",
            Self::Immediate => "IMMEDIATE",
        }
    }
}

/// What happens to people and their work when the asset is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HumanImpact {
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// Lives, or the whole operation.
    VeryHigh,
}

impl HumanImpact {
    /// Of an asset: by its criticality; what moves machines, doors or people's treatment has at least HIGH.
    pub fn of(asset: &Asset) -> Self {
        let by_criticality = match asset.criticality {
            Criticality::Low => Self::Low,
            Criticality::Medium => Self::Medium,
            Criticality::High => Self::High,
            Criticality::Critical => Self::VeryHigh,
        };
        let class = asset.device.device_type.as_deref().and_then(DeviceClass::named);
        if class.is_some_and(DeviceClass::moves_things) { by_criticality.max(Self::High) } else { by_criticality }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::VeryHigh => "very high",
        }
    }
}

/// A decision and what it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SsvcJudgement {
    /// When to act.
    pub decision: Decision,
    /// Is it exploited?
    pub exploitation: Exploitation,
    /// Can an attack be automated, and by whose word?
    pub automatable: Judged,
    /// What it would do to people.
    pub human_impact: HumanImpact,
}

/// When to act on a vulnerability of an asset.
pub fn judge(vulnerability: &NamedVulnerability, human_impact: HumanImpact) -> SsvcJudgement {
    let exploitation = vulnerability.exploitation();
    let automatable = vulnerability.automatable();
    let row = TABLE.iter().find(|row| {
        row.exploitation == exploitation
            && row.automatable == automatable.yes
            && row.human_impact == human_impact.word()
    });
    // The table has every combination: a test asks for each.
    let decision = row.map_or(Decision::Scheduled, |row| row.decision);
    SsvcJudgement { decision, exploitation, automatable, human_impact }
}

/// The most urgent decision among vulnerabilities; `None`: there are none.
pub fn worst(vulnerabilities: &[NamedVulnerability], human_impact: HumanImpact) -> Option<Decision> {
    vulnerabilities.iter().map(|v| judge(v, human_impact).decision).max()
}

struct Row {
    exploitation: Exploitation,
    automatable: bool,
    human_impact: &'static str,
    decision: Decision,
}

/// The rows for what is open.
static TABLE: LazyLock<Vec<Row>> =
    LazyLock::new(|| include_str!("../data/ssvc-deployer.csv").lines().skip(1).filter_map(read).collect());

fn read(line: &'static str) -> Option<Row> {
    let cells: Vec<&str> = line.split(',').map(str::trim).collect();
    let [_, exploitation, "open", automatable, human_impact, decision] = cells[..] else { return None };
    let exploitation = match exploitation {
        "none" => Exploitation::None,
        "public poc" => Exploitation::Poc,
        "active" => Exploitation::Active,
        _ => return None,
    };
    let decision = match decision {
        "defer" => Decision::Defer,
        "scheduled" => Decision::Scheduled,
        "out-of-cycle" => Decision::OutOfCycle,
        "immediate" => Decision::Immediate,
        _ => return None,
    };
    Some(Row { exploitation, automatable: automatable == "yes", human_impact, decision })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cve::CveId;
    use crate::intelligence::{CveFacts, Exploit};
    use crate::observation::VulnerabilityClaim;

    fn decision(known_exploited: bool, exploit: bool, epss: f64, impact: HumanImpact) -> Decision {
        let exploit = exploit.then(|| Exploit { database: "Metasploit".into(), rank: None, date: None });
        let vulnerability = NamedVulnerability {
            cve: CveId::parse("CVE-2021-36260").unwrap(),
            claim: VulnerabilityClaim { known_exploited, epss: Some(epss), ..Default::default() },
            facts: CveFacts { exploits: exploit.into_iter().collect(), ..CveFacts::default() },
        };
        judge(&vulnerability, impact).decision
    }

    #[test]
    fn every_combination_stands_in_the_table() {
        assert_eq!(TABLE.len(), 3 * 2 * 4);
    }

    #[test]
    fn the_tree_says_what_cert_cc_published() {
        use Decision::{Defer, Immediate, OutOfCycle, Scheduled};
        assert_eq!(decision(false, false, 0.0, HumanImpact::Low), Defer);
        assert_eq!(decision(false, false, 0.5, HumanImpact::VeryHigh), OutOfCycle);
        assert_eq!(decision(false, true, 0.5, HumanImpact::High), OutOfCycle);
        assert_eq!(decision(false, true, 0.0, HumanImpact::Medium), Scheduled);
        assert_eq!(decision(true, false, 0.0, HumanImpact::Low), Scheduled);
        assert_eq!(decision(true, false, 0.5, HumanImpact::High), Immediate);
        assert_eq!(decision(true, true, 0.0, HumanImpact::VeryHigh), Immediate);
    }
}
