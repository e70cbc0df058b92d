//! What is looked for.

use async_graphql::{ID, Object};
use domain::rule::RuleSet;

use crate::enums::{Confidence, FindingCategory, Severity};
use crate::scalars::Url;

/// What is looked for.
#[derive(Clone, Copy)]
pub struct Rule(pub(crate) &'static domain::rule::Rule);

impl Rule {
    /// The built-in rule of that id.
    pub fn find(id: &str) -> Option<Self> {
        RuleSet::built_in().find(id).map(Self)
    }
}

#[Object]
impl Rule {
    /// Its id.
    pub async fn id(&self) -> ID {
        self.0.id.as_str().into()
    }
    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// What it finds in how many words it takes.
    async fn description(&self) -> &str {
        &self.0.description
    }
    /// The category of its findings.
    async fn category(&self) -> FindingCategory {
        self.0.category.into()
    }
    /// The severity of its findings.
    async fn severity(&self) -> Severity {
        self.0.severity.into()
    }
    /// CEL over `service`, `host` and `asset`.
    async fn expression(&self) -> &str {
        self.0.expression()
    }
    /// What to do about its findings.
    async fn remediation(&self) -> &str {
        &self.0.remediation
    }
    /// Where to read on.
    async fn references(&self) -> Vec<Url> {
        self.0.references.iter().cloned().map(Url).collect()
    }
    /// Comes with the program.
    async fn built_in(&self) -> bool {
        true
    }
    /// Is it applied?
    async fn enabled(&self) -> bool {
        self.0.enabled
    }
    /// How sure its findings are.
    async fn confidence(&self) -> Confidence {
        self.0.confidence.into()
    }
    /// Rises with each change.
    async fn version(&self) -> i32 {
        i32::try_from(self.0.version).unwrap_or(i32::MAX)
    }
}
