use app::findings::{self, TicketDraft, TriageRequest};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use crate::context::{UserError, app, caller, fail, outcome, repeatable};
use crate::enums::{FindingState, TriageReason, Tripwire, UserErrorCode};
use crate::scalars::{DateTime, Url};
use crate::types::finding::Finding;

use super::ids::Ids;

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

/// Who is to work on findings.
#[derive(InputObject)]
pub(super) struct AssignFindingsInput {
    /// At most 1 000.
    ids: Vec<ID>,
    /// A member of the organization; null: nobody.
    user_id: Option<ID>,
}

/// The findings after the assignment.
#[derive(SimpleObject)]
pub(super) struct AssignFindingsPayload {
    /// Those that were found.
    findings: Vec<Finding>,
    /// What is wrong with the input; each id answers for itself.
    user_errors: Vec<UserError>,
}

/// A ticket about findings.
#[derive(InputObject)]
pub(super) struct LinkTicketInput {
    /// At most 1 000.
    finding_ids: Vec<ID>,
    /// Whose ticket it is, such as jira; at most 100 characters.
    system: String,
    /// Its key there, such as OPS-123; at most 200 characters.
    key: String,
    /// Where people read it; null: as it was.
    url: Option<Url>,
    /// How it stands, in that system's words, at most 100 characters; null: as it was.
    status: Option<String>,
}

/// The findings with the ticket.
#[derive(SimpleObject)]
pub(super) struct LinkTicketPayload {
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

/// Work on findings.
#[Object]
impl FindingMutation {
    /// Applies one decision to findings: all get the same triage id.
    async fn triage_findings(&self, ctx: &Context<'_>, input: TriageFindingsInput) -> Result<TriageFindingsPayload> {
        let caller = caller(ctx)?;
        let mut ids = Ids::read("ids", &input.ids, "no such finding");
        let request = TriageRequest {
            ids: std::mem::take(&mut ids.good),
            state: input.state.into(),
            reason: input.reason.map(Into::into),
            note: input.note,
            until: input.until.map(|t| t.0),
            tripwires: input.tripwires.map(|l| l.into_iter().map(Into::into).collect()),
            approved_by: input.approved_by,
            epss_above: input.epss_above,
        };
        let (findings, user_errors) = worked(findings::triage(app(ctx), caller, &request).await, ids)?;
        Ok(TriageFindingsPayload { findings, user_errors })
    }
    /// Gives findings to a member of the organization, or to nobody.
    async fn assign_findings(&self, ctx: &Context<'_>, input: AssignFindingsInput) -> Result<AssignFindingsPayload> {
        let caller = caller(ctx)?;
        let ids = Ids::read("ids", &input.ids, "no such finding");
        let user = match input.user_id.map(|id| id.parse()) {
            None => None,
            Some(Ok(user)) => Some(user),
            Some(Err(_)) => {
                let fault = app::UserError::of(app::UserErrorCode::NotFound, "userId", "no such member");
                return Ok(AssignFindingsPayload { findings: Vec::new(), user_errors: vec![fault.into()] });
            }
        };
        let done = findings::assign(app(ctx), caller, &ids.good, user.as_ref()).await;
        let (findings, user_errors) = worked(done, ids)?;
        Ok(AssignFindingsPayload { findings, user_errors })
    }
    /// Links a ticket of another system to findings. The same ticket again is brought up to date.
    async fn link_ticket(&self, ctx: &Context<'_>, input: LinkTicketInput) -> Result<LinkTicketPayload> {
        let caller = caller(ctx)?;
        let ids = Ids::read("findingIds", &input.finding_ids, "no such finding");
        let draft =
            TicketDraft { system: input.system, key: input.key, url: input.url.map(|url| url.0), status: input.status };
        let done = findings::link_ticket(app(ctx), caller, &ids.good, &draft).await;
        let (findings, user_errors) = worked(done, ids)?;
        Ok(LinkTicketPayload { findings, user_errors })
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

/// What became of a list of findings, with the faults where the client wrote the ids.
fn worked(
    done: std::result::Result<(Vec<domain::finding::Finding>, Vec<app::UserError>), app::Error>,
    ids: Ids<domain::ids::FindingId>,
) -> Result<(Vec<Finding>, Vec<UserError>)> {
    match done {
        Ok((changed, faults)) => Ok((changed.into_iter().map(Finding::from).collect(), ids.faults(faults))),
        Err(app::Error::User(faults)) => Ok((Vec::new(), ids.faults(faults))),
        Err(other) => Err(fail(other)),
    }
}
