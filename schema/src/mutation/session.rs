use app::access::{self, SignedIn};
use async_graphql::{Context, Result, SimpleObject};

use crate::context::{SESSION_COOKIE, UserError, app, cookie, fail, let_in, outcome};
use crate::scalars::{DateTime, at};
use crate::types::viewer::Viewer;

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

/// The payload of whoever has signed in, with the cookie.
pub(super) async fn session(ctx: &Context<'_>, result: Result<SignedIn, app::Error>) -> Result<SessionPayload> {
    let (signed_in, user_errors) = outcome(result)?;
    let Some(signed_in) = signed_in else {
        return Ok(SessionPayload { viewer: None, token: None, expires_at: None, user_errors });
    };
    let_in(ctx, &signed_in.caller)?;
    set_cookie(ctx, &signed_in.token, access::ABSOLUTE.as_secs());
    let viewer = access::viewer(app(ctx), &signed_in.caller).await.map_err(fail)?;
    Ok(SessionPayload {
        viewer: Some(Viewer(viewer)),
        token: Some(signed_in.token),
        expires_at: Some(at(signed_in.expires_at)),
        user_errors,
    })
}

/// Takes the cookie back.
pub(super) fn forget_cookie(ctx: &Context<'_>) {
    set_cookie(ctx, "", 0);
}

fn set_cookie(ctx: &Context<'_>, value: &str, seconds: i64) {
    let secure = app(ctx).settings.public_url.starts_with("https://");
    ctx.append_http_header("set-cookie", cookie(SESSION_COOKIE, secure, value, seconds));
}
