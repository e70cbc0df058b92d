//! Triage policies.

use app::judging::{self, NewPolicy};
use async_graphql::{Context, ID, InputObject, InputType, Object, Result, SimpleObject, Value};

use crate::context::{UserError, app, caller, outcome, repeatable};
use crate::enums::{FindingState, TriageReason, Tripwire};
use crate::scalars::DateTime;
use crate::types::counts::int;
use crate::types::finding::FindingFilter;
use crate::types::policy::TriagePolicy;

/// Work on triage policies.
#[derive(Default)]
pub(super) struct PolicyMutation;

/// A policy to be made.
#[derive(InputObject)]
pub(super) struct CreateTriagePolicyInput {
    /// What people call it, at most 200 characters.
    name: String,
    /// What it decides about, now and from now on. Fields that say how a finding stands (states, dates, people, tickets) are
    /// refused, and so is a filter that takes everything.
    findings: FindingFilter,
    /// ACCEPTED or FALSE_POSITIVE.
    state: FindingState,
    /// Why.
    reason: TriageReason,
    /// In words, at most 4 000 characters.
    note: String,
    /// Who approved it.
    approved_by: Option<String>,
    /// Until when.
    until: DateTime,
    /// What ends its decision about a finding early.
    #[graphql(default_with = "Some(vec![Tripwire::AddedToKev, Tripwire::BecameVerified])")]
    tripwires: Option<Vec<Tripwire>>,
    /// So does an EPSS probability above this, 0 to 1; looked at when it passes half a percentage point.
    epss_above: Option<f64>,
    /// Only say how many findings it would decide about now.
    #[graphql(default = false)]
    dry_run: bool,
    /// The same id within 24 h gives the first answer again and does nothing twice.
    client_request_id: Option<String>,
}

/// A policy to be ended before its time.
#[derive(InputObject)]
pub(super) struct EndTriagePolicyInput {
    /// Which policy.
    id: ID,
    /// Why, at most 4 000 characters.
    note: String,
}

/// A policy and how far it reaches.
#[derive(SimpleObject)]
pub(super) struct TriagePolicyPayload {
    /// The policy; null when there are user errors, and for a dry run.
    triage_policy: Option<TriagePolicy>,
    /// How many findings it decides about now, or lets go by its end; of the first 20 000.
    matched_now: i32,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

#[Object]
impl PolicyMutation {
    /// One decision for everything that matches a filter, present (within a minute) and future (before anybody is told).
    async fn create_triage_policy(
        &self,
        ctx: &Context<'_>,
        input: CreateTriagePolicyInput,
    ) -> Result<TriagePolicyPayload> {
        let caller = caller(ctx)?;
        let new = NewPolicy {
            name: input.name,
            findings: said(&input.findings),
            state: input.state.into(),
            reason: input.reason.into(),
            note: input.note,
            approved_by: input.approved_by,
            until: input.until.0,
            tripwires: input.tripwires.unwrap_or_default().into_iter().map(Into::into).collect(),
            epss_above: input.epss_above,
        };
        let made = match repeatable(caller, "createTriagePolicy", input.client_request_id, &new) {
            Ok(request) => judging::create_policy(app(ctx), caller, new, input.dry_run, request.as_ref()).await,
            Err(error) => Err(error),
        };
        let (made, user_errors) = outcome(made)?;
        let (policy, matched) = made.unwrap_or_default();
        Ok(TriagePolicyPayload { triage_policy: policy.map(TriagePolicy), matched_now: int(matched), user_errors })
    }

    /// Ends a policy: the findings that it decided about open again within a minute.
    async fn end_triage_policy(&self, ctx: &Context<'_>, input: EndTriagePolicyInput) -> Result<TriagePolicyPayload> {
        let ended = judging::end_policy(app(ctx), caller(ctx)?, &input.id, &input.note).await;
        let (ended, user_errors) = outcome(ended)?;
        let (policy, matched) = ended.map_or((None, 0), |(policy, matched)| (Some(policy), matched));
        Ok(TriagePolicyPayload { triage_policy: policy.map(TriagePolicy), matched_now: int(matched), user_errors })
    }
}

/// A filter as JSON, without what it does not say.
fn said(filter: &FindingFilter) -> serde_json::Value {
    let fields = match filter.to_value() {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| *value != Value::Null).collect(),
        _ => async_graphql::indexmap::IndexMap::new(),
    };
    Value::Object(fields).into_json().unwrap_or_default()
}
