use async_graphql::{ErrorExtensionValues, Response as Answer, ServerError, Value};
use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::negotiate::Form;
use super::{request_error, status};
use crate::guard::Cost;

/// A result as it is written: errors of the request itself come without `data`.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<Extensions>,
}

#[derive(Serialize)]
struct Extensions {
    cost: Told,
}

#[derive(Serialize)]
struct Told {
    requested: u64,
    limit: u64,
}

/// An answer of the engine.
pub(super) fn answer(form: Form, mut answer: Answer, cost: Cost) -> Response {
    let request_error = is_request_error(&answer);
    for error in &mut answer.errors {
        clean(error);
    }
    let extensions = Some(Extensions { cost: Told { requested: cost.requested, limit: cost.limit } });
    let data = (!request_error).then_some(&answer.data);
    let status = if request_error { status::of_request_error(form) } else { StatusCode::OK };
    let mut response = write(form, status, &Written { data, errors: &answer.errors, extensions });
    response.headers_mut().extend(answer.http_headers);
    response
}

/// Errors before the engine was asked.
pub(super) fn refused(form: Form, errors: &[ServerError]) -> Response {
    let form = if form == Form::EventStream { Form::Json } else { form };
    write(form, status::of_request_error(form), &Written { data: None, errors, extensions: None })
}

/// The result of one event of a stream, as JSON.
pub(super) fn event(mut answer: Answer) -> String {
    let request_error = is_request_error(&answer);
    for error in &mut answer.errors {
        clean(error);
    }
    let data = (!request_error).then_some(&answer.data);
    serde_json::to_string(&Written { data, errors: &answer.errors, extensions: None }).unwrap_or_default()
}

/// Parsing, validation and coercion fail as a whole: no data, and no path to blame.
fn is_request_error(answer: &Answer) -> bool {
    !answer.errors.is_empty() && answer.data == Value::Null && answer.errors.iter().all(|e| e.path.is_empty())
}

/// Every error that leaves has a code. Those of resolvers that have none were not meant to be read by strangers.
fn clean(error: &mut ServerError) {
    let coded = error.extensions.as_ref().is_some_and(|e| e.get("code").is_some());
    if coded {
        return;
    }
    let code = if error.path.is_empty() { "BAD_USER_INPUT" } else { "INTERNAL" };
    if code == "INTERNAL" {
        tracing::error!(message = error.message, "a resolver failed without a code");
        error.message = "something went wrong here; it was written down".into();
    }
    error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", code);
}

fn write(form: Form, status: StatusCode, body: &Written<'_>) -> Response {
    let bytes = serde_json::to_vec(body).unwrap_or_else(|error| {
        tracing::error!(%error, "an answer cannot be written");
        let fallback = [request_error("the answer cannot be written")];
        serde_json::to_vec(&Written { data: None, errors: &fallback, extensions: None }).unwrap_or_default()
    });
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
