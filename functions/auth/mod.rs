//! `/auth/oidc/…`: the way to a provider of identities and back.
//!
//! Both are pages that a browser opens: what goes wrong is told on a page, too. Which sign-in a browser has begun is in
//! a sealed cookie of its own; nothing is stored until somebody is in.

use std::sync::Arc;

use app::access::{ABSOLUTE, Brought, Client, SIGN_IN, begin_openid, finish_openid};
use app::{Error, UserErrorCode};
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{LOCATION, SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use schema::context::{SESSION_COOKIE, cookie};
use serde::Deserialize;

use crate::http::{Page, Program, client_address, cookie_named};

/// The cookie of a sign-in that has begun.
const COOKIE: &str = "iotmonitor-oidc";

/// What a page of ours asks for.
#[derive(Deserialize)]
pub struct Start {
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    invitation: Option<String>,
}

/// What the provider says.
#[derive(Deserialize)]
pub struct Callback {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

/// Sends the browser to the provider.
pub async fn start(State(program): State<Arc<Program>>, Query(asked): Query<Start>) -> Response {
    match begin_openid(&program.app, asked.to.as_deref(), asked.invitation.as_deref()).await {
        Ok(begun) => {
            let cookie = cookie(COOKIE, program.server.https(), &begun.cookie, SIGN_IN.as_secs());
            redirect(&begun.url, &[cookie])
        }
        Err(error) => trouble(&error),
    }
}

/// Takes the browser back, and lets it in.
pub async fn callback(
    State(program): State<Arc<Program>>,
    headers: HeaderMap,
    Query(said): Query<Callback>,
) -> Response {
    let https = program.server.https();
    let brought = Brought {
        cookie: cookie_named(&headers, COOKIE, https).map(str::to_owned),
        state: said.state,
        code: said.code,
        issuer: said.iss,
        error: said.error,
    };
    let client = Client {
        address: client_address(&headers, program.server.client_ip_header.as_deref()),
        user_agent: headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned),
    };
    let finished = async {
        program.ready().await?;
        finish_openid(&program.app, &brought, &client).await
    };
    match finished.await {
        Ok((signed_in, to)) => {
            let session = cookie(SESSION_COOKIE, https, &signed_in.token, ABSOLUTE.as_secs());
            redirect(&to, &[session, cookie(COOKIE, https, "", 0)])
        }
        Err(error) => trouble(&error),
    }
}

/// 303: the next page is to be got, whatever this one was. The address of the provider's has a query of ours.
fn redirect(to: &str, cookies: &[String]) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else { return trouble(&Error::Busy) };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, location);
    for cookie in cookies {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(SET_COOKIE, value);
        }
    }
    response
}

fn trouble(error: &Error) -> Response {
    let page = |status, text: String| Page { title: "You are not signed in", text, button: None }.answer(status);
    match error {
        Error::User(faults) => {
            let away = faults.iter().any(|fault| fault.code == UserErrorCode::Upstream);
            page(if away { StatusCode::BAD_GATEWAY } else { StatusCode::FORBIDDEN }, error.to_string())
        }
        Error::RateLimited(_) => page(StatusCode::TOO_MANY_REQUESTS, error.to_string()),
        Error::Forbidden(_) => page(StatusCode::FORBIDDEN, error.to_string()),
        _ => {
            tracing::error!(%error, "a sign-in through the provider could not be answered");
            page(StatusCode::SERVICE_UNAVAILABLE, "Something went wrong on our side. Please try again.".into())
        }
    }
}
