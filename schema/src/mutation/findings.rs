use app::findings::{self, TriageRequest};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use crate::context::{UserError, app, caller, outcome, repeatable};
use crate::enums::{FindingState, TriageReason, Tripwire, UserErrorCode};
use crate::scalars::DateTime;
use crate::types::finding::Finding;

/// Work on findings.
#[derive(Default)]
pub(super) struct FindingMutation;

/// One decision about findings.
#[derive(InputObject)]
pub(super) struct TriageFindingsInput {
    /// At most 1 000.
    ids: Vec<ID>,
    /// The new state.
    state: FindingState,
    /// Why; needed for ACCEPTED and `FALSE_POSITIVE`.
    reason: Option<TriageReason>,
    /// In words, at most 10 000 characters.
    note: Option<String>,
    /// Until when; needed for ACCEPTED.
    until: Option<DateTime>,
    /// What ends it early; `ADDED_TO_KEV` and `BECAME_VERIFIED` where nothing is said.
    tripwires: Option<Vec<Tripwire>>,
    /// Who approved it.
    approved_by: Option<String>,
    /// Ends it when the EPSS probability passes this value, 0 to 1.
    epss_above: Option<f64>,
}

/// The findings after the decision.
#[derive(SimpleObject)]
pub(super) struct TriageFindingsPayload {
    /// Those that were found.
    findings: Vec<Finding>,
    /// What is wrong with the input; each id answers for itself.
    user_errors: Vec<UserError>,
}

/// What somebody writes about a finding.
#[derive(InputObject)]
pub(super) struct CommentOnFindingInput {
    /// Which finding.
    id: ID,
    /// The text, at most 10 000 characters.
    text: String,
    /// The same id within 24 h gives the first answer again and does nothing twice.
    client_request_id: Option<String>,
}

/// The finding with the comment.
#[derive(SimpleObject)]
pub(super) struct CommentOnFindingPayload {
    /// The finding; null when there are user errors.
    finding: Option<Finding>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

#[Object]
impl FindingMutation {
    /// Applies one decision to findings: all get the same triage id.
    async fn triage_findings(&self, ctx: &Context<'_>, input: TriageFindingsInput) -> Result<TriageFindingsPayload> {
        let caller = caller(ctx)?;
        let mut ids = Vec::new();
        let mut unknown = Vec::new();
        for (number, id) in input.ids.iter().enumerate() {
            match id.parse() {
                Ok(id) => ids.push(id),
                Err(_) => unknown.push(UserError {
                    code: UserErrorCode::NotFound,
                    message: "no such finding".into(),
                    field: Some(vec!["input".into(), "ids".into(), number.to_string()]),
                }),
            }
        }
        let request = TriageRequest {
            ids,
            state: input.state.into(),
            reason: input.reason.map(Into::into),
            note: input.note,
            until: input.until.map(|t| t.0),
            tripwires: input.tripwires.map(|l| l.into_iter().map(Into::into).collect()),
            approved_by: input.approved_by,
            epss_above: input.epss_above,
        };
        let (done, mut user_errors) = outcome(findings::triage(app(ctx), caller, &request).await)?;
        let (changed, faults) = done.unwrap_or_default();
        user_errors.extend(unknown);
        user_errors.extend(faults.into_iter().map(UserError::from));
        Ok(TriageFindingsPayload { findings: changed.into_iter().map(Finding::from).collect(), user_errors })
    }
    /// Writes about a finding.
    async fn comment_on_finding(
        &self,
        ctx: &Context<'_>,
        input: CommentOnFindingInput,
    ) -> Result<CommentOnFindingPayload> {
        let caller = caller(ctx)?;
        let Ok(id) = input.id.parse() else {
            let fault = UserError {
                code: UserErrorCode::NotFound,
                message: "no such finding".into(),
                field: Some(vec!["input".into(), "id".into()]),
            };
            return Ok(CommentOnFindingPayload { finding: None, user_errors: vec![fault] });
        };
        let comment = async {
            let request = repeatable(caller, "commentOnFinding", input.client_request_id, &(&id, &input.text))?;
            findings::comment_once(app(ctx), caller, &id, &input.text, request.as_ref()).await
        };
        let (finding, user_errors) = outcome(comment.await)?;
        Ok(CommentOnFindingPayload { finding: finding.map(Finding::from), user_errors })
    }
}
