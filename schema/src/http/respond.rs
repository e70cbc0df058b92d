use std::time::Duration;

use async_graphql::{Response as Answer, ServerError, Value};
use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::negotiate::Form;
use super::{fault, sse, status};
use crate::guard::{Cost, Refused};

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
    cost: Cost,
}

/// An answer of the engine.
pub(super) fn answer(form: Form, mut answer: Answer, cost: Cost) -> Response {
    let of_request = fault::is_of_request(&answer);
    fault::clean(&mut answer.errors);
    let data = (!of_request).then_some(&answer.data);
    let status = if of_request { status::of_request_error(form) } else { StatusCode::OK };
    let written = Written { data, errors: &answer.errors, extensions: Some(Extensions { cost }) };
    let mut response = write(form, status, json(Vec::new(), &written));
    if let Some(seconds) = retry_after(&answer.errors) {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response.headers_mut().extend(answer.http_headers);
    response
}

/// When all that was asked for may be asked again, as clients without knowledge of GraphQL look for it.
fn retry_after(errors: &[ServerError]) -> Option<u64> {
    let seconds = |error: &ServerError| match error.extensions.as_ref()?.get("retryAfter")? {
        Value::Number(seconds) => seconds.as_u64(),
        _ => None,
    };
    errors.iter().filter_map(seconds).max()
}

/// A document that does not reach the engine.
pub(super) fn refused(form: Form, refused: Refused) -> Response {
    let errors = vec![refused.error()];
    if form == Form::EventStream {
        return sse::single(Answer::from_errors(errors));
    }
    self::errors(form, status::of_request_error(form), &errors)
}

/// An answer that did not come: what it waited for is the store's or a source's, so asking again may help.
pub(super) fn late(form: Form, longest: Duration) -> Response {
    tracing::error!(seconds = longest.as_secs(), "an answer took too long and was given up");
    let message = format!(
        "no answer within {} s: what it needs is slow; ask for less, or again (a change with its clientRequestId)",
        longest.as_secs()
    );
    errors(form, status::of_late_answer(form), &[fault::coded(message, "UPSTREAM_UNAVAILABLE")])
}

/// Nothing but errors.
pub(super) fn errors(form: Form, status: StatusCode, errors: &[ServerError]) -> Response {
    write(form, status, json(Vec::new(), &Written { data: None, errors, extensions: None }))
}

/// Writes a result of a stream behind what stands there already.
pub(super) fn event(before: Vec<u8>, mut answer: Answer) -> Vec<u8> {
    let of_request = fault::is_of_request(&answer);
    fault::clean(&mut answer.errors);
    let data = (!of_request).then_some(&answer.data);
    json(before, &Written { data, errors: &answer.errors, extensions: None })
}

fn json(mut before: Vec<u8>, written: &Written<'_>) -> Vec<u8> {
    let start = before.len();
    if let Err(error) = serde_json::to_writer(&mut before, written) {
        tracing::error!(%error, "an answer cannot be written");
        before.truncate(start);
        before.extend_from_slice(
            br#"{"errors":[{"message":"the answer cannot be written","extensions":{"code":"INTERNAL"}}]}"#,
        );
    }
    before
}

fn write(form: Form, status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
