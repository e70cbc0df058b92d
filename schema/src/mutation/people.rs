use app::access;
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

use super::session::{SessionPayload, forget_cookie, session};
use crate::context::{Asked, UserError, app, at_the_door, caller, outcome};
use crate::scalars::EmailAddress;
use crate::types::viewer::User;

/// The ways in and out.
#[derive(Default)]
pub(super) struct PeopleMutation;

/// Who wants to register.
#[derive(InputObject)]
pub(super) struct RegisterInput {
    /// Where mail goes, and what you sign in with.
    email: EmailAddress,
    /// At least 12 characters.
    password: String,
    /// What others call you.
    name: String,
    /// The organization's name; yours where nothing is said.
    organization_name: Option<String>,
    /// From an invitation: then you come into that organization, and make none of your own.
    invitation_token: Option<String>,
    /// Makes the first owner, while nobody is registered.
    setup_code: Option<String>,
}

/// Who wants to sign in.
#[derive(InputObject)]
pub(super) struct LoginInput {
    /// The address that you registered with.
    email: EmailAddress,
    /// The password.
    password: String,
}

/// The session is over.
#[derive(SimpleObject)]
pub(super) struct LogoutPayload {
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// What a mail said.
#[derive(InputObject)]
pub(super) struct VerifyEmailInput {
    /// The token of the mail. It works once, for 24 hours.
    token: String,
}

/// The mailbox is theirs.
#[derive(SimpleObject)]
pub(super) struct VerifyEmailPayload {
    /// Whose address it is now; null when there are user errors.
    user: Option<User>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// Who does not know their password.
#[derive(InputObject)]
pub(super) struct RequestPasswordResetInput {
    /// Where the mail goes, if it is the address of an account.
    email: EmailAddress,
}

/// Says the same whether or not the address has an account.
#[derive(SimpleObject)]
pub(super) struct RequestPasswordResetPayload {
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// A new password.
#[derive(InputObject)]
pub(super) struct ResetPasswordInput {
    /// The token of the mail. It works once, for 30 minutes.
    token: String,
    /// At least 12 characters.
    password: String,
}

/// The ways in and out.
#[Object]
impl PeopleMutation {
    /// Makes an account, and an organization unless an invitation names one.
    async fn register(&self, ctx: &Context<'_>, input: RegisterInput) -> Result<SessionPayload> {
        let wanted = access::Register {
            email: input.email.0,
            password: input.password,
            name: input.name,
            organization_name: input.organization_name,
            setup_code: input.setup_code,
            invitation_token: input.invitation_token,
        };
        session(ctx, access::register(app(ctx), wanted, &at_the_door(ctx)?).await).await
    }
    /// Signs in.
    async fn login(&self, ctx: &Context<'_>, input: LoginInput) -> Result<SessionPayload> {
        let wanted = access::Login { email: input.email.0, password: input.password };
        session(ctx, access::login(app(ctx), wanted, &at_the_door(ctx)?).await).await
    }
    /// Ends the session that asks.
    async fn logout(&self, ctx: &Context<'_>) -> Result<LogoutPayload> {
        let (_, user_errors) = outcome(access::logout(app(ctx), caller(ctx)?).await)?;
        forget_cookie(ctx);
        Ok(LogoutPayload { user_errors })
    }
    /// Proves that a mailbox is yours. Needs no session: the token is enough.
    async fn verify_email(&self, ctx: &Context<'_>, input: VerifyEmailInput) -> Result<VerifyEmailPayload> {
        let asked = ctx.data_unchecked::<Asked>();
        let client = access::Client { address: asked.client, user_agent: asked.user_agent.clone() };
        let (user, user_errors) = outcome(access::verify_email(app(ctx), &input.token, &client).await)?;
        Ok(VerifyEmailPayload { user: user.map(User), user_errors })
    }
    /// Sends a link to choose a new password, if the address has an account.
    async fn request_password_reset(
        &self,
        ctx: &Context<'_>,
        input: RequestPasswordResetInput,
    ) -> Result<RequestPasswordResetPayload> {
        let client = at_the_door(ctx)?;
        let (_, user_errors) = outcome(access::request_password_reset(app(ctx), &input.email.0, &client).await)?;
        Ok(RequestPasswordResetPayload { user_errors })
    }
    /// Chooses a new password by the link of a mail, ends every session and opens one.
    async fn reset_password(&self, ctx: &Context<'_>, input: ResetPasswordInput) -> Result<SessionPayload> {
        let client = at_the_door(ctx)?;
        session(ctx, access::reset_password(app(ctx), &input.token, &input.password, &client).await).await
    }
}
