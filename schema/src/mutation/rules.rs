//! Rules of an organization's own.

use app::judging::{self, NewRule, RuleChange, RuleView};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::role::Action;
use domain::rule::RuleId;

use crate::context::{UserError, app, caller, fail, no_such, outcome, repeatable};
use crate::enums::{Confidence, FindingCategory, Severity};
use crate::scalars::{CveId, Url};
use crate::types::counts::int;
use crate::types::rule::Rule;
use crate::types::service::Service;

/// Work on rules.
#[derive(Default)]
pub(super) struct RuleMutation;

/// A rule to be made.
#[derive(InputObject)]
pub(super) struct CreateRuleInput {
    /// One line, at most 200 characters; it is the title of its findings.
    name: String,
    /// What it finds, at most 4 000 characters.
    description: Option<String>,
    /// The category of its findings.
    category: FindingCategory,
    /// The severity of its findings.
    severity: Severity,
    /// CEL over `service`, `host` and `asset`, at most 1 024 bytes.
    expression: String,
    /// What to do about its findings, at most 4 000 characters.
    remediation: Option<String>,
    /// Where to read on, at most 5.
    references: Option<Vec<Url>>,
    /// Is it applied?
    #[graphql(default_with = "Some(true)")]
    enabled: Option<bool>,
    /// The CVEs that it stands for, at most 20: its findings are judged by what is known of them.
    cves: Option<Vec<CveId>>,
    /// VERIFIED: a match shows the flaw itself. INFERRED: it lets conclude it.
    #[graphql(default_with = "Confidence::Inferred")]
    confidence: Confidence,
    /// The same id within 24 h gives the first answer again and does nothing twice.
    client_request_id: Option<String>,
}

/// A new rule.
#[derive(SimpleObject)]
pub(super) struct CreateRulePayload {
    /// The rule; null when there are user errors.
    rule: Option<Rule>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// What is to change of a rule. Of one that comes with the program, only whether it is applied.
#[derive(InputObject)]
pub(super) struct UpdateRuleInput {
    /// Which rule.
    id: ID,
    /// One line, at most 200 characters.
    name: Option<String>,
    /// What it finds.
    description: Option<String>,
    /// The category of its findings.
    category: Option<FindingCategory>,
    /// The severity of its findings.
    severity: Option<Severity>,
    /// CEL over `service`, `host` and `asset`.
    expression: Option<String>,
    /// What to do about its findings.
    remediation: Option<String>,
    /// Is it applied? What a rule found is resolved when it is not.
    enabled: Option<bool>,
    /// The CVEs that it stands for.
    cves: Option<Vec<CveId>>,
    /// How sure its findings are.
    confidence: Option<Confidence>,
    /// Where to read on.
    references: Option<Vec<Url>>,
}

/// The rule as it is now.
#[derive(SimpleObject)]
pub(super) struct UpdateRulePayload {
    /// The rule; null when there are user errors.
    rule: Option<Rule>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// A rule to be deleted.
#[derive(InputObject)]
pub(super) struct DeleteRuleInput {
    /// Which rule; not one that comes with the program.
    id: ID,
}

/// A rule that is no more.
#[derive(SimpleObject)]
pub(super) struct DeleteRulePayload {
    /// Its id; null when there are user errors.
    deleted_id: Option<ID>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// An expression to be tried.
#[derive(InputObject)]
pub(super) struct TryRuleInput {
    /// CEL over `service`, `host` and `asset`.
    expression: String,
    /// So many services are shown, 1 to 100.
    #[graphql(default_with = "Some(25)")]
    first: Option<i32>,
}

/// What an expression would have found in what is stored now.
#[derive(SimpleObject)]
pub(super) struct TryRulePayload {
    /// Some of the services that match.
    services: Vec<Service>,
    /// How many match.
    matched: i32,
    /// How many were looked at, at most 10 000.
    examined: i32,
    /// What is wrong with the input, with the line and column.
    user_errors: Vec<UserError>,
}

#[Object]
impl RuleMutation {
    /// Makes a rule of the organization's own. What is stored is judged by it within a minute.
    async fn create_rule(&self, ctx: &Context<'_>, input: CreateRuleInput) -> Result<CreateRulePayload> {
        let caller = caller(ctx)?;
        let new = NewRule {
            name: input.name,
            description: input.description.unwrap_or_default(),
            category: input.category.into(),
            severity: input.severity.into(),
            confidence: input.confidence.into(),
            expression: input.expression,
            remediation: input.remediation.unwrap_or_default(),
            references: links(input.references).unwrap_or_default(),
            cves: cves(input.cves).unwrap_or_default(),
            enabled: input.enabled.unwrap_or(true),
        };
        let made = match repeatable(caller, "createRule", input.client_request_id, &new) {
            Ok(request) => judging::create_rule(app(ctx), caller, new, request.as_ref()).await,
            Err(error) => Err(error),
        };
        let (own, user_errors) = outcome(made)?;
        Ok(CreateRulePayload { rule: own.map(|own| Rule(RuleView::Own(Box::new(own)))), user_errors })
    }

    /// Changes a rule; an absent field stays, a list replaces. What is stored is judged by it within a minute.
    async fn update_rule(&self, ctx: &Context<'_>, input: UpdateRuleInput) -> Result<UpdateRulePayload> {
        let caller = caller(ctx)?;
        caller.may(Action::ManageRules).map_err(fail)?;
        let Some(id) = RuleId::parse(&input.id) else {
            return Ok(UpdateRulePayload { rule: None, user_errors: vec![no_such("id", "no such rule")] });
        };
        let change = RuleChange {
            name: input.name,
            description: input.description,
            category: input.category.map(Into::into),
            severity: input.severity.map(Into::into),
            confidence: input.confidence.map(Into::into),
            expression: input.expression,
            remediation: input.remediation,
            references: links(input.references),
            cves: cves(input.cves),
            enabled: input.enabled,
        };
        let (own, user_errors) = outcome(judging::update_rule(app(ctx), caller, &id, &change).await)?;
        let rule = match own {
            Some(_) => judging::rule(app(ctx), caller, &id).await.map_err(fail)?.map(Rule),
            None => None,
        };
        Ok(UpdateRulePayload { rule, user_errors })
    }

    /// Deletes a rule of the organization's own; its findings are resolved within a minute.
    async fn delete_rule(&self, ctx: &Context<'_>, input: DeleteRuleInput) -> Result<DeleteRulePayload> {
        let caller = caller(ctx)?;
        caller.may(Action::ManageRules).map_err(fail)?;
        let Some(id) = RuleId::parse(&input.id) else {
            return Ok(DeleteRulePayload { deleted_id: None, user_errors: vec![no_such("id", "no such rule")] });
        };
        let (done, user_errors) = outcome(judging::delete_rule(app(ctx), caller, &id).await)?;
        Ok(DeleteRulePayload { deleted_id: done.map(|()| input.id), user_errors })
    }

    /// What would this rule have found in what is stored now? Changes nothing.
    async fn try_rule(&self, ctx: &Context<'_>, input: TryRuleInput) -> Result<TryRulePayload> {
        let first = usize::try_from(input.first.unwrap_or(25)).unwrap_or(0).clamp(1, 100);
        let tried = judging::try_rule(app(ctx), caller(ctx)?, &input.expression, first).await;
        let (tried, user_errors) = outcome(tried)?;
        let tried = tried.unwrap_or_default();
        Ok(TryRulePayload {
            services: tried.services.into_iter().map(Service).collect(),
            matched: int(tried.matched),
            examined: int(tried.examined),
            user_errors,
        })
    }
}

fn links(urls: Option<Vec<Url>>) -> Option<Vec<String>> {
    urls.map(|urls| urls.into_iter().map(|url| url.0).collect())
}

fn cves(ids: Option<Vec<CveId>>) -> Option<Vec<domain::cve::CveId>> {
    ids.map(|ids| ids.into_iter().map(|id| id.0).collect())
}
