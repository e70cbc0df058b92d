//! Rules: what is wrong with a service, as text that people can read, write and check.
//!
//! A rule is an expression of the Common Expression Language over `service`, `host` and `asset`, with what to say
//! and to do when it is true. Those of the house are files under `domain/rules`, one each, with their examples;
//! customers write their own. Both pass the same [`guard`]. Never here: what becomes of a verdict (`crate::wanted`).

mod catalogue;
mod category;
pub mod change;
mod definition;
mod fact;
mod facts;
pub mod guard;
mod index;
mod select;
mod set;
pub mod table;
mod validity;
mod vocabulary;
pub mod vulnerability;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::category::Category;
pub use self::definition::{RuleDefinition, RuleError};
pub use self::facts::{AssetFacts, Facts, HostFacts};
pub use self::guard::{Expression, ExpressionError, Verdict};
pub use self::select::Select;
pub use self::set::{EvidenceField, Judgement, RuleSet};
pub use self::vocabulary::Vocabulary;
use crate::cve::CveId;
use crate::severity::{Confidence, Severity};

/// A rule's id: `rule_` and letters, digits or hyphens, such as `rule_telnet-open`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RuleId(String);

impl RuleId {
    /// Reads an id, ≤ 64 bytes.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.strip_prefix("rule_")?;
        let allowed = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (allowed && !name.is_empty() && text.len() <= 64).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RuleId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not the id of a rule, such as rule_telnet-open")
    }
}

impl From<RuleId> for String {
    fn from(id: RuleId) -> Self {
        id.0
    }
}

/// When a rule applies.
#[derive(Clone, Debug)]
pub enum Condition {
    /// When its expression is true.
    Expression(Expression),
    /// When the engine says so, by what no expression sees; the text is for display only.
    Engine(String),
}

/// A rule, ready to be judged.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// One line, which is also the title of its findings.
    pub name: String,
    /// Rises with each change.
    pub version: u32,
    /// What sort of thing it finds.
    pub category: Category,
    /// How bad that is.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What it means, for people.
    pub description: String,
    /// When it applies.
    pub condition: Condition,
    /// Which services are worth a look: cheap, and asked before the expression.
    pub select: Select,
    /// Rules that say less about the same service: where this one applies they do not.
    pub overrides: Vec<RuleId>,
    /// CVEs that it stands for.
    pub cves: Vec<CveId>,
    /// The fields that prove it, such as `service.mqtt.code`.
    pub evidence: Vec<String>,
    /// What to do.
    pub remediation: String,
    /// Where to read on.
    pub references: Vec<String>,
    /// Of the house, not of a customer.
    pub built_in: bool,
    /// `false`: it is not judged, and what it found is resolved.
    pub enabled: bool,
}

impl Rule {
    /// Its expression as people read it.
    pub fn expression(&self) -> &str {
        match &self.condition {
            Condition::Expression(expression) => expression.text(),
            Condition::Engine(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RuleId;

    #[test]
    fn an_id_is_a_plain_word_after_its_prefix() {
        assert!(RuleId::parse("rule_telnet-open").is_some());
        assert!(RuleId::parse("rule_01JABCDEFGHJKMNPQRSTVWXYZ0").is_some());
        let long = format!("rule_{}", "a".repeat(60));
        for bad in ["rule_", "telnet", "rule_a b", "rule_a|b", "finding_a", "", long.as_str()] {
            assert_eq!(RuleId::parse(bad), None, "{bad}");
        }
    }
}
