use app::access::{self, NewApiToken};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use crate::context::{UserError, app, caller, no_such, outcome, repeatable};
use crate::enums::Scope;
use crate::scalars::DateTime;
use crate::types::viewer::ApiToken;

/// Keys for programs.
#[derive(Default)]
pub(super) struct TokenMutation;

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

/// Keys for programs.
#[Object]
impl TokenMutation {
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
            let user_errors = vec![no_such("id", "there is no such API token")];
            return Ok(RevokeApiTokenPayload { revoked_id: None, user_errors });
        };
        let (revoked, user_errors) = outcome(access::revoke_api_token(app(ctx), caller, &id).await)?;
        Ok(RevokeApiTokenPayload { revoked_id: revoked.map(|t| t.id.to_string().into()), user_errors })
    }
}
