//! When to act on a vulnerability: CERT/CC's Stakeholder-Specific Vulnerability Categorization for deployers.
//!
//! The table is theirs (`data/ssvc-deployer-open.csv`, the rows for what is openly exposed: everything that Shodan
//! sees is). Human impact follows from how critical the asset is. Never here: dates, which are `crate::due`'s.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::asset::Criticality;
use crate::due::AUTOMATABLE_EPSS;
use crate::finding::NamedVulnerability;

/// When to act; ordered by urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SsvcDecision {
    /// Not now.
    Defer,
    /// At the next maintenance.
    Scheduled,
    /// Sooner than the next maintenance.
    OutOfCycle,
    /// At once.
    Immediate,
}

/// Is it exploited?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Exploitation {
    /// No sign of it.
    None,
    /// It was shown how.
    PublicPoc,
    /// It is.
    Active,
}

/// What the decision rests on beside the asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Danger {
    /// Is it exploited?
    pub exploitation: Exploitation,
    /// Can an attack be automated?
    pub automatable: bool,
}

impl Danger {
    /// Every danger there is.
    pub const ALL: [Self; 6] = [
        Self { exploitation: Exploitation::None, automatable: false },
        Self { exploitation: Exploitation::None, automatable: true },
        Self { exploitation: Exploitation::PublicPoc, automatable: false },
        Self { exploitation: Exploitation::PublicPoc, automatable: true },
        Self { exploitation: Exploitation::Active, automatable: false },
        Self { exploitation: Exploitation::Active, automatable: true },
    ];

    /// Of one vulnerability: by CISA's catalogue and by EPSS, where nobody has judged it.
    pub fn of(vulnerability: &NamedVulnerability) -> Self {
        let claim = &vulnerability.claim;
        let exploitation = if claim.known_exploited { Exploitation::Active } else { Exploitation::None };
        Self { exploitation, automatable: claim.epss.is_some_and(|p| p >= AUTOMATABLE_EPSS) }
    }

    /// When to act where this much depends on the asset.
    pub fn decide(self, criticality: Criticality) -> SsvcDecision {
        let impact = match criticality {
            Criticality::Low => "low",
            Criticality::Medium => "medium",
            Criticality::High => "high",
            Criticality::Critical => "very high",
        };
        let row = TABLE.iter().find(|row| row.danger == self && row.impact == impact);
        row.map_or(SsvcDecision::Scheduled, |row| row.decision)
    }
}

struct Row {
    danger: Danger,
    impact: &'static str,
    decision: SsvcDecision,
}

static TABLE: LazyLock<Vec<Row>> =
    LazyLock::new(|| include_str!("../data/ssvc-deployer-open.csv").lines().skip(1).filter_map(read_row).collect());

fn read_row(line: &'static str) -> Option<Row> {
    let cells: Vec<&str> = line.split(',').map(str::trim).collect();
    let [_, exploitation, "open", automatable, impact, decision] = cells.as_slice() else { return None };
    let exploitation = match *exploitation {
        "none" => Exploitation::None,
        "public poc" => Exploitation::PublicPoc,
        "active" => Exploitation::Active,
        _ => return None,
    };
    let decision = match *decision {
        "defer" => SsvcDecision::Defer,
        "scheduled" => SsvcDecision::Scheduled,
        "out-of-cycle" => SsvcDecision::OutOfCycle,
        "immediate" => SsvcDecision::Immediate,
        _ => return None,
    };
    Some(Row { danger: Danger { exploitation, automatable: *automatable == "yes" }, impact, decision })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSETS: [Criticality; 4] = [Criticality::Low, Criticality::Medium, Criticality::High, Criticality::Critical];

    #[test]
    fn the_table_answers_every_question_and_more_danger_never_waits_longer() {
        assert_eq!(TABLE.len(), Danger::ALL.len() * ASSETS.len());
        for asset in ASSETS {
            for [less, more] in [[0, 1], [0, 2], [2, 4], [1, 3], [3, 5], [4, 5]] {
                assert!(Danger::ALL[less].decide(asset) <= Danger::ALL[more].decide(asset), "{asset:?} {less} {more}");
            }
        }
        for pair in ASSETS.windows(2) {
            assert!(Danger::ALL.iter().all(|danger| danger.decide(pair[0]) <= danger.decide(pair[1])));
        }
    }

    #[test]
    fn rows_are_read_as_they_were_published() {
        let active = |automatable| Danger { exploitation: Exploitation::Active, automatable };
        assert_eq!(active(true).decide(Criticality::High), SsvcDecision::Immediate);
        assert_eq!(active(false).decide(Criticality::Low), SsvcDecision::Scheduled);
        assert_eq!(Danger::ALL[0].decide(Criticality::Low), SsvcDecision::Defer);
        assert_eq!(Danger::ALL[1].decide(Criticality::Critical), SsvcDecision::OutOfCycle);
    }
}
