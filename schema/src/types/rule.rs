//! What is looked for.

use app::judging::{self, RuleView};
use async_graphql::{Context, ID, Object, Result};
use domain::ids::Bucket;
use domain::role::Action;
use domain::rule::{Category, RuleDefinition, RuleId};
use jiff::Timestamp;

use super::counts::FindingCounts;
use crate::context::{app, caller, fail};
use crate::enums::{Confidence, FindingCategory, Severity};
use crate::scalars::{CveId, DateTime, Url, at};

/// When a rule of the house last changed: 2026-11-22.
const HOUSE: Timestamp = Timestamp::constant(1_795_305_600, 0);

/// What is looked for.
#[derive(Clone)]
pub struct Rule(pub(crate) RuleView);

impl Rule {
    /// The rule of that id, also one that was deleted.
    pub async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Self>> {
        let Some(id) = RuleId::parse(id) else { return Ok(None) };
        Ok(judging::rule(app(ctx), caller(ctx)?, &id).await.map_err(fail)?.map(Self))
    }

    /// Name and description.
    pub(crate) fn words(&self) -> (&str, &str) {
        self.part(|rule| (rule.name.as_str(), rule.description.as_str()), |own| (&*own.name, &*own.description))
            .unwrap_or_default()
    }

    /// Does it come with the program?
    pub(crate) fn is_of_the_house(&self) -> bool {
        matches!(self.0, RuleView::House(..))
    }

    /// The category of its findings.
    pub(crate) fn kind(&self) -> FindingCategory {
        self.part(|rule| rule.category, |own| own.category).unwrap_or(Category::ExposedService).into()
    }

    /// One of its parts, wherever it is written.
    fn part<'a, T: 'a>(
        &'a self,
        house: impl FnOnce(&'static domain::rule::Rule) -> T,
        own: impl FnOnce(&'a RuleDefinition) -> T,
    ) -> Option<T> {
        match &self.0 {
            RuleView::House(rule, _) => Some(house(rule)),
            RuleView::Own(rule) => rule.definition.as_ref().map(own),
        }
    }
}

/// What is looked for.
#[Object]
impl Rule {
    /// Its id.
    pub async fn id(&self) -> ID {
        self.0.id().as_str().into()
    }
    /// Its name.
    async fn name(&self) -> &str {
        self.words().0
    }
    /// What it finds in how many words it takes.
    async fn description(&self) -> &str {
        self.words().1
    }
    /// The category of its findings.
    async fn category(&self) -> FindingCategory {
        self.kind()
    }
    /// The severity of its findings.
    async fn severity(&self) -> Severity {
        self.part(|rule| rule.severity, |own| own.severity).unwrap_or(domain::severity::Severity::Info).into()
    }
    /// CEL over `service`, `host` and `asset`.
    async fn expression(&self) -> &str {
        match &self.0 {
            RuleView::House(rule, _) => rule.expression(),
            RuleView::Own(own) => own.definition.as_ref().map_or("", |own| &own.expression),
        }
    }
    /// What to do about its findings.
    async fn remediation(&self) -> &str {
        self.part(|rule| rule.remediation.as_str(), |own| &own.remediation).unwrap_or_default()
    }
    /// Where to read on.
    async fn references(&self) -> Vec<Url> {
        let links = self.part(|rule| &rule.references, |own| &own.references);
        links.into_iter().flatten().cloned().map(Url).collect()
    }
    /// Comes with the program.
    async fn built_in(&self) -> bool {
        self.is_of_the_house()
    }
    /// Is it applied? A rule that was deleted is not.
    async fn enabled(&self) -> bool {
        self.0.enabled()
    }
    /// How sure its findings are.
    async fn confidence(&self) -> Confidence {
        self.part(|rule| rule.confidence, |own| own.confidence).unwrap_or(domain::severity::Confidence::Inferred).into()
    }
    /// The CVEs that it stands for.
    async fn cves(&self) -> Vec<CveId> {
        let cves = self.part(|rule| &rule.cves, |own| &own.cves);
        cves.into_iter().flatten().cloned().map(CveId).collect()
    }
    /// When it was last changed; of a rule that comes with the program, when any of those was.
    async fn updated_at(&self) -> DateTime {
        match &self.0 {
            RuleView::House(_, Some(own)) => at(own.updated_at.max(HOUSE)),
            RuleView::House(_, None) => at(HOUSE),
            RuleView::Own(own) => at(own.updated_at),
        }
    }
    /// Its findings, counted.
    async fn finding_counts(&self, ctx: &Context<'_>) -> Result<FindingCounts> {
        let caller = caller(ctx)?;
        caller.may(Action::Read).map_err(fail)?;
        let found = app(ctx).snapshot(&caller.org, Bucket::default()).await.map_err(|e| fail(e.into()))?;
        Ok(FindingCounts(found.1.rule(self.0.id())))
    }
    /// Rises with each change.
    async fn version(&self) -> i32 {
        let version = self.part(|rule| rule.version, |own| own.version).unwrap_or(1);
        i32::try_from(version).unwrap_or(i32::MAX)
    }
}
