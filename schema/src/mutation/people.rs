use app::access::{self, Client, NewApiToken, SignedIn};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use crate::context::{Asked, SESSION_COOKIE, UserError, app, caller, fail, outcome, repeatable};
use crate::enums::{Scope, UserErrorCode};
use crate::scalars::{DateTime, EmailAddress, at};
use crate::types::viewer::{ApiToken, Viewer};

/// People and their keys.
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
    /// From an invitation.
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

/// `token` is for API clients; browsers use the cookie that comes with the answer.
#[derive(SimpleObject)]
pub(super) struct SessionPayload {
    /// Who is signed in; null when there are user errors.
    viewer: Option<Viewer>,
    /// The session's secret, shown this once; null when there are user errors.
    token: Option<String>,
    /// When the session ends at the latest; null when there are user errors.
    expires_at: Option<DateTime>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// The session is over.
#[derive(SimpleObject)]
pub(super) struct LogoutPayload {
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// A key for programs.
#[derive(InputObject)]
pub(super) struct CreateApiTokenInput {
    /// What to call it, at most 100 characters.
    name: String,
    /// What it is for: at least one, none that you lack.
    scopes: Vec<Scope>,
    /// When it ends; null: never.
    expires_at: Option<DateTime>,
    /// The same id within 24 h gives the first answer again and does nothing twice.
    client_request_id: Option<String>,
}

/// `secret` is shown this once.
#[derive(SimpleObject)]
pub(super) struct CreateApiTokenPayload {
    /// The token; null when there are user errors.
    api_token: Option<ApiToken>,
    /// What programs send as `Authorization: Bearer`.
    secret: Option<String>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// Which token to revoke.
#[derive(InputObject)]
pub(super) struct RevokeApiTokenInput {
    /// Which.
    id: ID,
}

/// The token is of no use any more.
#[derive(SimpleObject)]
pub(super) struct RevokeApiTokenPayload {
    /// Its id; null when there are user errors.
    revoked_id: Option<ID>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

fn client(ctx: &Context<'_>) -> Client {
    let asked = ctx.data_unchecked::<Asked>();
    Client { address: asked.client, user_agent: asked.user_agent.clone() }
}

async fn session(ctx: &Context<'_>, result: Result<SignedIn, app::Error>) -> Result<SessionPayload> {
    let (signed_in, user_errors) = outcome(result)?;
    let Some(signed_in) = signed_in else {
        return Ok(SessionPayload { viewer: None, token: None, expires_at: None, user_errors });
    };
    set_cookie(ctx, &signed_in.token, access::ABSOLUTE.as_secs());
    let viewer = access::viewer(app(ctx), &signed_in.caller).await.map_err(fail)?;
    Ok(SessionPayload {
        viewer: Some(Viewer(viewer)),
        token: Some(signed_in.token),
        expires_at: Some(at(signed_in.expires_at)),
        user_errors,
    })
}

/// The cookie of a session: on https bound to this host and never sent in clear.
fn set_cookie(ctx: &Context<'_>, value: &str, seconds: i64) {
    let secure = app(ctx).settings.public_url.starts_with("https://");
    let (prefix, flag) = if secure { ("__Host-", "; Secure") } else { ("", "") };
    let cookie = format!("{prefix}{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{flag}");
    ctx.append_http_header("set-cookie", cookie);
}

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
        session(ctx, access::register(app(ctx), wanted, &client(ctx)).await).await
    }
    /// Signs in.
    async fn login(&self, ctx: &Context<'_>, input: LoginInput) -> Result<SessionPayload> {
        let wanted = access::Login { email: input.email.0, password: input.password };
        session(ctx, access::login(app(ctx), wanted, &client(ctx)).await).await
    }
    /// Ends the session that asks.
    async fn logout(&self, ctx: &Context<'_>) -> Result<LogoutPayload> {
        let ((), user_errors) = {
            let (done, errors) = outcome(access::logout(app(ctx), caller(ctx)?).await)?;
            (done.unwrap_or_default(), errors)
        };
        set_cookie(ctx, "", 0);
        Ok(LogoutPayload { user_errors })
    }
    /// Makes a key for programs. Its secret is shown this once.
    async fn create_api_token(&self, ctx: &Context<'_>, input: CreateApiTokenInput) -> Result<CreateApiTokenPayload> {
        let wanted = NewApiToken {
            name: input.name,
            scopes: input.scopes.into_iter().map(Into::into).collect(),
            expires_at: input.expires_at.map(|t| t.0),
        };
        let caller = caller(ctx)?;
        let create = async {
            let request = repeatable(caller, "createApiToken", input.client_request_id, &wanted)?;
            access::create_api_token_once(app(ctx), caller, wanted, request.as_ref()).await
        };
        let (made, user_errors) = outcome(create.await)?;
        let (api_token, secret) = made.map_or((None, None), |(t, s)| (Some(ApiToken(t)), Some(s)));
        Ok(CreateApiTokenPayload { api_token, secret, user_errors })
    }
    /// Makes a key of no use, at once.
    async fn revoke_api_token(&self, ctx: &Context<'_>, input: RevokeApiTokenInput) -> Result<RevokeApiTokenPayload> {
        let caller = caller(ctx)?;
        let Ok(id) = input.id.parse() else {
            let field = Some(vec!["input".into(), "id".into()]);
            let fault =
                UserError { code: UserErrorCode::NotFound, message: "there is no such API token".into(), field };
            return Ok(RevokeApiTokenPayload { revoked_id: None, user_errors: vec![fault] });
        };
        let (revoked, user_errors) = outcome(access::revoke_api_token(app(ctx), caller, &id).await)?;
        Ok(RevokeApiTokenPayload { revoked_id: revoked.map(|t| t.id.to_string().into()), user_errors })
    }
}
