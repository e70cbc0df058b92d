//! What is looked for.

use async_graphql::{Context, ID, Object, Result};
use domain::ids::Bucket;
use domain::role::Action;
use domain::rule::RuleSet;
use jiff::Timestamp;

use super::counts::FindingCounts;
use crate::context::{app, caller, fail};
use crate::enums::{Confidence, FindingCategory, Severity};
use crate::scalars::{CveId, DateTime, Url, at};

/// When a rule of the house last changed: 2026-11-22.
const HOUSE: Timestamp = Timestamp::constant(1_795_305_600, 0);

/// What is looked for.
#[derive(Clone, Copy)]
pub struct Rule(pub(crate) &'static domain::rule::Rule);

impl Rule {
    /// The built-in rule of that id.
    pub fn find(id: &str) -> Option<Self> {
        RuleSet::built_in().find(id).map(Self)
    }
}

/// What is looked for.
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
    /// The CVEs that it stands for.
    async fn cves(&self) -> Vec<CveId> {
        self.0.cves.iter().cloned().map(CveId).collect()
    }
    /// When it was last changed; of a rule that comes with the program, when any of those was.
    async fn updated_at(&self) -> DateTime {
        at(HOUSE)
    }
    /// Its findings, counted.
    async fn finding_counts(&self, ctx: &Context<'_>) -> Result<FindingCounts> {
        let caller = caller(ctx)?;
        caller.may(Action::Read).map_err(fail)?;
        let found = app(ctx).snapshot(&caller.org, Bucket::default()).await.map_err(|e| fail(e.into()))?;
        Ok(FindingCounts(found.1.rule(&self.0.id)))
    }
    /// Rises with each change.
    async fn version(&self) -> i32 {
        i32::try_from(self.0.version).unwrap_or(i32::MAX)
    }
}
