use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use crate::context::{app, book, caller, fail};
use crate::enums::{FindingCategory, FindingDimension, Period};
use crate::paging::page;
use crate::scalars::{CveId, DateTime};
use crate::types::asset::exact;
use crate::types::event::{EventConnection, EventFilter, events};
use crate::types::finding::{Finding, FindingConnection, FindingFilter, FindingOrder, list};
use crate::types::group::{FindingGroups, groups};
use crate::types::overview::{Overview, overview};
use crate::types::past::{FindingSnapshotConnection, findings_at, services_at};
use crate::types::policy::{TriagePolicyConnection, policies};
use crate::types::rule::Rule;
use crate::types::service::{ServiceConnection, ServiceFilter};
use crate::types::vulnerability::Vulnerability;

/// What is wrong, what happened, and what is looked for.
#[derive(Default)]
pub(super) struct FindingQuery;

/// Fields are and-ed.
#[derive(InputObject, Default)]
pub(super) struct RuleFilter {
    /// In name or description; without regard to case.
    text: Option<String>,
    /// Comes with the program, or not.
    built_in: Option<bool>,
    /// Is applied, or not.
    enabled: Option<bool>,
    /// Categories.
    categories: Option<Vec<FindingCategory>>,
}

/// What the list of rules says beside its items.
#[derive(SimpleObject)]
pub(super) struct RuleTotals {
    /// How many match.
    total_count: Option<i32>,
}

/// What is wrong, what happened, and what is looked for.
#[Object]
impl FindingQuery {
    /// The finding of that id; null: there is none here.
    async fn finding(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Result<Option<Finding>> {
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(app::findings::finding(app(ctx), caller(ctx)?, &id).await.map_err(fail)?.map(Finding::from))
    }
    /// The findings; the greatest risk first where nothing is said.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn findings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "How many at most, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "A cursor: what comes before it.")] before: Option<String>,
        #[graphql(desc = "Which findings; null: all.")] filter: Option<FindingFilter>,
        #[graphql(desc = "By what the list is in order.")] order_by: Option<FindingOrder>,
    ) -> Result<FindingConnection> {
        list(ctx, filter.unwrap_or_default(), order_by, page(first, after, last, before)?).await
    }
    /// The append-only log, oldest first: pass the last cursor you saw to get only what is new (delta sync).
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "How many at most, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "A cursor: what comes before it.")] before: Option<String>,
        #[graphql(desc = "Which events; null: all.")] filter: Option<EventFilter>,
    ) -> Result<EventConnection> {
        events(ctx, filter, page(first, after, last, before)?).await
    }
    /// The findings that match, counted by up to three dimensions; `first` lies between 1 and 1 000.
    async fn finding_groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What makes a group, the outermost first: one to three of them.")] by: Vec<FindingDimension>,
        #[graphql(desc = "Which findings; null: all.")] filter: Option<FindingFilter>,
        #[graphql(default_with = "Some(50)", desc = "How many groups at most, the largest first: 1 to 1 000.")]
        first: Option<i32>,
    ) -> Result<FindingGroups> {
        groups(ctx, by, filter.unwrap_or_default(), first.unwrap_or(50)).await
    }
    /// What is known of a CVE; null: nothing is, and no finding is or was about it.
    async fn vulnerability(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its CVE identifier.")] cve: CveId,
    ) -> Result<Option<Vulnerability>> {
        let found = app::findings::vulnerability(app(ctx), caller(ctx)?, &cve.0).await.map_err(fail)?;
        Ok(match found {
            Some(summary) => Some(Vulnerability::of(summary.vulnerability)),
            None => book(ctx).await?.facts(&cve.0).map(|facts| Vulnerability::known(cve.0.clone(), facts)),
        })
    }
    /// The triage policies, oldest first: those that ended too, or those that held at an instant.
    async fn triage_policies(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "How many at most, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "A cursor: what comes before it.")] before: Option<String>,
        #[graphql(desc = "Only those that hold at this instant; null: all.")] active_at: Option<DateTime>,
    ) -> Result<TriagePolicyConnection> {
        policies(ctx, active_at.map(|at| at.0), &page(first, after, last, before)?).await
    }
    /// The findings that were known at an instant, as they were then, from the event log; the greatest risk first. Filters
    /// take what they were; assets and rules are as they are now, and what was deleted since is gone.
    async fn findings_at(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The instant: not in the future, nor before the first event that is kept.")] at: DateTime,
        #[graphql(desc = "How many at most: 1 to 100; 25 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "Which findings; null: all.")] filter: Option<FindingFilter>,
    ) -> Result<FindingSnapshotConnection> {
        findings_at(ctx, at.0, filter.unwrap_or_default(), &page(first, after, None, None)?).await
    }
    /// The services that were known at an instant, as they were then, from the event log, in the order of asset, address and
    /// port.
    async fn services_at(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The instant: not in the future, nor before the first event that is kept.")] at: DateTime,
        #[graphql(desc = "How many at most: 1 to 100; 25 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "Which services; null: all.")] filter: Option<ServiceFilter>,
    ) -> Result<ServiceConnection> {
        services_at(ctx, at.0, filter.unwrap_or_default(), &page(first, after, None, None)?).await
    }
    /// The organization at a glance.
    async fn overview(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "Some(Period::Last30Days)", desc = "What to compare, up to now.")] period: Option<
            Period,
        >,
    ) -> Result<Overview> {
        overview(ctx, period.unwrap_or(Period::Last30Days)).await
    }
    /// The rule of that id; null: there is none.
    async fn rule(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Result<Option<Rule>> {
        Rule::find(ctx, &id).await
    }
    /// The rules, by id.
    async fn rules(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "How many at most, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "A cursor: what comes before it.")] before: Option<String>,
        #[graphql(desc = "Which rules; null: all.")] filter: Option<RuleFilter>,
    ) -> Result<Connection<String, Rule, RuleTotals>> {
        let page = page(first, after, last, before)?;
        let filter = filter.unwrap_or_default();
        let all = app::judging::rules(app(ctx), caller(ctx)?).await.map_err(fail)?;
        let rules: Vec<Rule> = all.into_iter().map(Rule).filter(|rule| filter.takes(rule)).collect();
        let totals = RuleTotals { total_count: exact(rules.len()) };
        let (shown, more) = page.of(rules, |rule| rule.0.id().as_str().to_owned())?;
        let (before, behind) = page.neighbours(more);
        let mut connection = Connection::with_additional_fields(before, behind, totals);
        connection.edges.extend(shown.into_iter().map(|(cursor, rule)| Edge::new(cursor, rule)));
        Ok(connection)
    }
}

impl RuleFilter {
    fn takes(&self, rule: &Rule) -> bool {
        let (name, description) = rule.words();
        let text = |t: &String| [name, description].iter().any(|f| f.to_lowercase().contains(&t.to_lowercase()));
        self.text.as_ref().is_none_or(text)
            && self.built_in.is_none_or(|b| b == rule.is_of_the_house())
            && self.enabled.is_none_or(|e| e == rule.0.enabled())
            && self.categories.as_ref().is_none_or(|c| c.contains(&rule.kind()))
    }
}
