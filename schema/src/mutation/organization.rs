use app::access::{self, OrganizationPatch, Removal};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use domain::ids::UserId;

use super::session::{SessionPayload, session};
use crate::context::{UserError, app, at_the_door, caller, no_such, outcome, repeatable};
use crate::enums::{Role, Severity};
use crate::scalars::EmailAddress;
use crate::types::counts::int;
use crate::types::member::{Invitation, Member};
use crate::types::viewer::{ApiToken, Organization, ShodanKeyStatus, key_status};

/// Organizations and who belongs to them.
#[derive(Default)]
pub(super) struct OrganizationMutation;

/// An organization to be founded.
#[derive(InputObject)]
pub(super) struct CreateOrganizationInput {
    /// At most 200 characters.
    name: String,
    /// The same id within 24 h gives the first answer again and does nothing twice.
    client_request_id: Option<String>,
}

/// The organization. `switchOrganization` takes you there.
#[derive(SimpleObject)]
pub(super) struct CreateOrganizationPayload {
    /// The new one, of which you are the OWNER; null when there are user errors.
    organization: Option<Organization>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// Where to act from now on.
#[derive(InputObject)]
pub(super) struct SwitchOrganizationInput {
    /// One of those that you belong to.
    organization_id: ID,
}

/// Days to fix, for a severity.
#[derive(InputObject)]
pub(super) struct SlaDaysInput {
    /// The severity; INFO is never due.
    severity: Severity,
    /// Days from the opening, 1 to 3650.
    days: i32,
}

/// What is to be changed; what is absent stays.
#[derive(InputObject)]
pub(super) struct UpdateOrganizationInput {
    /// At most 200 characters.
    name: Option<String>,
    /// Seconds between polls of an asset that says nothing else: 300 to 2592000 (30 days).
    poll_interval: Option<i32>,
    /// Days without an observation after which a service is stale: 1 to 365.
    stale_after_days: Option<i32>,
    /// How many crawls must miss a service before it is closed: 1 to 20.
    close_after_misses: Option<i32>,
    /// Days to fix findings without a CVE; severities that are not in the list have no date then.
    sla: Option<Vec<SlaDaysInput>>,
    /// Days for which events are kept: 30 to 3650; null: for ever.
    event_retention_days: MaybeUndefined<i32>,
    /// Are alerts kept in the organization's own Shodan account, so that news are pushed? false: they are removed.
    shodan_monitor: Option<bool>,
}

/// The organization as it is now.
#[derive(SimpleObject)]
pub(super) struct UpdateOrganizationPayload {
    /// The organization; null when there are user errors.
    organization: Option<Organization>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// Who is to come.
#[derive(InputObject)]
pub(super) struct InviteMemberInput {
    /// Only an account with this address may accept.
    email: EmailAddress,
    /// As what; nobody invites above themselves.
    role: Role,
}

/// The invitation, open for seven days.
#[derive(SimpleObject)]
pub(super) struct InviteMemberPayload {
    /// The invitation; null when there are user errors.
    invitation: Option<Invitation>,
    /// The link to hand over yourself, shown this once; null where a mail was sent.
    url: Option<String>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// What an invitation said.
#[derive(InputObject)]
pub(super) struct AcceptInvitationInput {
    /// The token of the mail or link. It works once.
    token: String,
}

/// Where you belong now. `switchOrganization` takes you there.
#[derive(SimpleObject)]
pub(super) struct AcceptInvitationPayload {
    /// The organization; null when there are user errors.
    organization: Option<Organization>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// Which invitation to take back.
#[derive(InputObject)]
pub(super) struct RevokeInvitationInput {
    /// Which.
    id: ID,
}

/// The invitation works no more.
#[derive(SimpleObject)]
pub(super) struct RevokeInvitationPayload {
    /// Its id; null when there are user errors.
    revoked_id: Option<ID>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// Who is to be what.
#[derive(InputObject)]
pub(super) struct ChangeMemberRoleInput {
    /// Who.
    user_id: ID,
    /// As what; nobody touches or makes what is greater than themselves, and an OWNER is left.
    role: Role,
}

/// The member as they are now.
#[derive(SimpleObject)]
pub(super) struct ChangeMemberRolePayload {
    /// The member; null when there are user errors.
    member: Option<Member>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// Who is to go; yourself: to leave.
#[derive(InputObject)]
pub(super) struct RemoveMemberInput {
    /// Who.
    user_id: ID,
    /// The member who gets the findings that are assigned to them; null: nobody.
    reassign_to: Option<ID>,
    /// Are the API tokens that they made revoked?
    #[graphql(default)]
    revoke_tokens: bool,
}

/// What a removal left.
#[derive(SimpleObject)]
pub(super) struct RemoveMemberPayload {
    /// Who has gone; null when there are user errors.
    removed_id: Option<ID>,
    /// Tokens that they made, and that still work.
    tokens_still_valid: Vec<ApiToken>,
    /// Findings that are assigned to nobody now.
    unassigned_findings: i32,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// The organization's own key.
#[derive(InputObject)]
pub(super) struct SetShodanKeyInput {
    /// The key, which is checked with Shodan, sealed and never shown again; null: none of its own.
    key: Option<String>,
}

/// How it stands with the key.
#[derive(SimpleObject)]
pub(super) struct SetShodanKeyPayload {
    /// How it stands; null when there are user errors.
    shodan_key: Option<ShodanKeyStatus>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// Organizations and who belongs to them.
#[Object]
impl OrganizationMutation {
    /// Founds an organization of which you are the OWNER.
    async fn create_organization(
        &self,
        ctx: &Context<'_>,
        input: CreateOrganizationInput,
    ) -> Result<CreateOrganizationPayload> {
        let caller = caller(ctx)?;
        let create = async {
            let request = repeatable(caller, "createOrganization", input.client_request_id, &input.name)?;
            access::create_organization(app(ctx), caller, &input.name, request.as_ref()).await
        };
        let (made, user_errors) = outcome(create.await)?;
        Ok(CreateOrganizationPayload { organization: made.map(Organization), user_errors })
    }
    /// Signs you in to another of your organizations; the session that asks ends.
    async fn switch_organization(&self, ctx: &Context<'_>, input: SwitchOrganizationInput) -> Result<SessionPayload> {
        let (caller, client) = (caller(ctx)?, at_the_door(ctx)?);
        let switched = match input.organization_id.parse() {
            Ok(org) => access::switch_organization(app(ctx), caller, &org, &client).await,
            Err(_) => Err(not_found("organizationId", "you belong to no such organization")),
        };
        session(ctx, switched).await
    }
    /// Changes name and settings.
    async fn update_organization(
        &self,
        ctx: &Context<'_>,
        input: UpdateOrganizationInput,
    ) -> Result<UpdateOrganizationPayload> {
        let days = |sla: SlaDaysInput| (sla.severity.into(), i64::from(sla.days));
        let patch = OrganizationPatch {
            name: input.name,
            poll_interval: input.poll_interval.map(i64::from),
            stale_after_days: input.stale_after_days.map(i64::from),
            close_after_misses: input.close_after_misses.map(i64::from),
            sla: input.sla.map(|sla| sla.into_iter().map(days).collect()),
            event_retention_days: match input.event_retention_days {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(days) => Some(Some(i64::from(days))),
            },
            shodan_monitor: input.shodan_monitor,
        };
        let (after, user_errors) = outcome(access::update_organization(app(ctx), caller(ctx)?, &patch).await)?;
        Ok(UpdateOrganizationPayload { organization: after.map(Organization), user_errors })
    }
    /// Invites somebody by mail. Inviting an address again replaces what was open for it.
    async fn invite_member(&self, ctx: &Context<'_>, input: InviteMemberInput) -> Result<InviteMemberPayload> {
        let invited = access::invite_member(app(ctx), caller(ctx)?, &input.email.0, input.role.into()).await;
        let (invited, user_errors) = outcome(invited)?;
        let (invitation, url) = invited.map_or((None, None), |i| (Some(Invitation(i.invitation)), i.url));
        Ok(InviteMemberPayload { invitation, url, user_errors })
    }
    /// Accepts an invitation that was sent to your address.
    async fn accept_invitation(
        &self,
        ctx: &Context<'_>,
        input: AcceptInvitationInput,
    ) -> Result<AcceptInvitationPayload> {
        let (joined, user_errors) = outcome(access::accept_invitation(app(ctx), caller(ctx)?, &input.token).await)?;
        Ok(AcceptInvitationPayload { organization: joined.map(Organization), user_errors })
    }
    /// Takes an invitation back.
    async fn revoke_invitation(
        &self,
        ctx: &Context<'_>,
        input: RevokeInvitationInput,
    ) -> Result<RevokeInvitationPayload> {
        let caller = caller(ctx)?;
        let Ok(id) = input.id.parse() else {
            let user_errors = vec![no_such("id", "there is no such open invitation")];
            return Ok(RevokeInvitationPayload { revoked_id: None, user_errors });
        };
        let (revoked, user_errors) = outcome(access::revoke_invitation(app(ctx), caller, &id).await)?;
        Ok(RevokeInvitationPayload { revoked_id: revoked.map(|id| id.to_string().into()), user_errors })
    }
    /// Changes what somebody is.
    async fn change_member_role(
        &self,
        ctx: &Context<'_>,
        input: ChangeMemberRoleInput,
    ) -> Result<ChangeMemberRolePayload> {
        let caller = caller(ctx)?;
        let changed = match member(&input.user_id) {
            Ok(id) => access::change_member_role(app(ctx), caller, &id, input.role.into()).await,
            Err(error) => Err(error),
        };
        let (member, user_errors) = outcome(changed)?;
        Ok(ChangeMemberRolePayload { member: member.map(Member::from), user_errors })
    }
    /// Removes somebody, or lets you leave. They are out at once; what they made stays.
    async fn remove_member(&self, ctx: &Context<'_>, input: RemoveMemberInput) -> Result<RemoveMemberPayload> {
        let caller = caller(ctx)?;
        let heir = input.reassign_to.map(|id| id.parse().map_err(|_| not_found("reassignTo", "no such member")));
        let removed = async {
            let (user, reassign_to) = (member(&input.user_id)?, heir.transpose()?);
            let removal = Removal { user, reassign_to, revoke_tokens: input.revoke_tokens };
            access::remove_member(app(ctx), caller, &removal).await
        };
        let (left, user_errors) = outcome(removed.await)?;
        let removed_id = left.is_some().then_some(input.user_id);
        let left = left.unwrap_or_default();
        Ok(RemoveMemberPayload {
            removed_id,
            tokens_still_valid: left.tokens_still_valid.into_iter().map(ApiToken).collect(),
            unassigned_findings: int(left.unassigned_findings),
            user_errors,
        })
    }
    /// Sets the organization's own Shodan key, or takes it away.
    async fn set_shodan_key(&self, ctx: &Context<'_>, input: SetShodanKeyInput) -> Result<SetShodanKeyPayload> {
        let set = access::set_shodan_key(app(ctx), caller(ctx)?, input.key.as_deref()).await;
        let (organization, user_errors) = outcome(set)?;
        let shodan_key = match &organization {
            Some(organization) => Some(key_status(ctx, organization).await?),
            None => None,
        };
        Ok(SetShodanKeyPayload { shodan_key, user_errors })
    }
}

fn member(id: &ID) -> Result<UserId, app::Error> {
    id.parse().map_err(|_| not_found("userId", "the organization has no such member"))
}

fn not_found(field: &str, message: &str) -> app::Error {
    app::UserError::of(app::UserErrorCode::NotFound, field, message).into()
}
