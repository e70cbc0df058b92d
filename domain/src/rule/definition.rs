//! A rule as it is written: in a file of the house, or by a customer.

use serde::{Deserialize, Serialize};

use super::guard::{Expression, ExpressionError};
use super::{Category, Condition, Rule, RuleId, Select, Vocabulary};
use crate::cve::CveId;
use crate::severity::{Confidence, Severity};

/// Fields that are shown as evidence.
const MAX_EVIDENCE: usize = 5;

/// A rule before it is compiled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleDefinition {
    /// Its id.
    pub id: RuleId,
    /// One line.
    pub name: String,
    /// Rises with each change.
    pub version: u32,
    /// What sort of thing it finds.
    pub category: Category,
    /// How bad that is.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What it means.
    #[serde(default)]
    pub description: String,
    /// CEL over `service`, `host` and `asset`.
    pub expression: String,
    /// Which services are worth a look; empty: all.
    #[serde(default)]
    pub select: Select,
    /// Rules that say less about the same service: where this one applies they do not.
    #[serde(default)]
    pub overrides: Vec<RuleId>,
    /// CVEs that it stands for.
    #[serde(default)]
    pub cves: Vec<CveId>,
    /// The fields that prove it; empty: those that the expression names.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// What to do.
    #[serde(default)]
    pub remediation: String,
    /// Where to read on.
    #[serde(default)]
    pub references: Vec<String>,
    /// `false`: it is not judged.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// Why a definition is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Its expression is wrong.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    /// It names a field as evidence that does not exist.
    #[error("there is no field {0:?} that could be evidence")]
    Evidence(String),
}

impl RuleDefinition {
    /// The rule of a customer.
    ///
    /// # Errors
    /// The expression or the evidence names what does not exist, or the expression exceeds a limit.
    pub fn compile(self) -> Result<Rule, RuleError> {
        self.into_rule(false)
    }

    pub(super) fn into_rule(self, built_in: bool) -> Result<Rule, RuleError> {
        let expression = Expression::compile(&self.expression, &Vocabulary::RULES)?;
        if let Some(unknown) = self.evidence.iter().find(|field| !Vocabulary::RULES.declares(field)) {
            return Err(RuleError::Evidence(unknown.clone()));
        }
        let mut evidence = self.evidence;
        if evidence.is_empty() {
            evidence = expression.fields().to_vec();
        }
        evidence.truncate(MAX_EVIDENCE);
        Ok(Rule {
            id: self.id,
            name: self.name,
            version: self.version,
            category: self.category,
            severity: self.severity,
            confidence: self.confidence,
            description: self.description,
            condition: Condition::Expression(expression),
            select: self.select,
            overrides: self.overrides,
            cves: self.cves,
            evidence,
            remediation: self.remediation,
            references: self.references,
            built_in,
            enabled: self.enabled,
        })
    }
}

const fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{RuleDefinition, RuleError};

    fn definition(changes: &Value) -> RuleDefinition {
        let mut written = json!({
            "id": "rule_01JABCDEFGHJKMNPQRSTVWXYZ0", "name": "Printer", "version": 1, "category": "IOT_DEVICE",
            "severity": "LOW", "confidence": "INFERRED", "expression": "service.port == 9100 && asset.site == 'Rome'",
        });
        for (name, value) in changes.as_object().unwrap() {
            written[name] = value.clone();
        }
        serde_json::from_value(written).unwrap()
    }

    #[test]
    fn a_customers_rule_passes_the_same_guard_and_shows_what_it_rests_on() {
        let rule = definition(&json!({})).compile().unwrap();
        assert!(!rule.built_in && rule.enabled);
        assert_eq!(rule.evidence, ["asset.site", "service.port"]);
        let typo = definition(&json!({"expression": "service.porrt == 1"})).compile().unwrap_err();
        assert_eq!(typo.to_string(), "line 1, column 9: unknown field \"porrt\" in service: did you mean \"port\"?");
    }

    #[test]
    fn evidence_must_exist() {
        let unknown = definition(&json!({"evidence": ["service.porrt"]})).compile().unwrap_err();
        assert_eq!(unknown, RuleError::Evidence("service.porrt".into()));
        assert!(definition(&json!({"evidence": ["service.mqtt.code"]})).compile().is_ok());
    }
}
