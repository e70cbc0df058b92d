//! `POST /hooks/shodan/{token}`: what Shodan Monitor sends when something sets an alert off.
//!
//! The token in the path and, where there is one, the signature are the credential. What is answered tells Shodan only
//! whether to send it again. Never here: what a banner means.

use std::sync::Arc;

use app::monitor::{Posted, Refused, Taken, push};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use crate::http::{Program, json as answer, nothing_here, problem};

/// Takes a push.
pub async fn shodan(
    State(program): State<Arc<Program>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let posted = Posted {
        token: &token,
        alert: text("shodan-alert-id"),
        trigger: text("shodan-alert-trigger"),
        signature: text("shodan-signature-sha1"),
        body: &body,
    };
    let outcome = match program.ready().await {
        Ok(()) => push(&program.app, posted).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(became) => {
            let word = match became {
                Taken::Judged => "judged",
                Taken::Repeated => "known",
                Taken::NotOurs => "ignored",
                Taken::Test => "test",
            };
            answer(StatusCode::OK, &json!({ "push": word }))
        }
        Err(Refused::Unknown) => nothing_here().await,
        Err(Refused::Forged(why)) => problem(StatusCode::FORBIDDEN, why),
        Err(Refused::Unusable(why)) => problem(StatusCode::UNPROCESSABLE_ENTITY, why),
        Err(Refused::Failed(error)) => {
            tracing::error!(%error, "a push could not be taken");
            problem(StatusCode::SERVICE_UNAVAILABLE, "try again")
        }
    }
}
