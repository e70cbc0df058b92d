use std::borrow::Cow;

use axum::response::Response;
use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};

use super::negotiate::Form;
use super::{fault, respond};
use crate::guard::Refused;

/// Why a request is not one. The statuses of the whole layer stand here.
///
/// A document that cannot be parsed or validated is 400 where the client takes `application/graphql-response+json`. The
/// draft of August 2026 says 422 there, and 294 for partial answers; clients and the audit suite still expect 400, and
/// proxies do not know 294.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    header: Option<(HeaderName, Cow<'static, str>)>,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, code: "BAD_USER_INPUT", message: message.into(), header: None }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn too_complex(refused: Refused) -> Self {
        Self { code: refused.code, ..Self::bad_request(refused.message) }
    }

    pub(super) fn not_acceptable() -> Self {
        let message = "this endpoint answers application/graphql-response+json, application/json or text/event-stream";
        Self::new(StatusCode::NOT_ACCEPTABLE, message)
    }

    pub(super) fn unsupported() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the request as application/json in UTF-8")
    }

    pub(super) fn too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a request has at most {limit} bytes"))
    }

    pub(super) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "the request did not arrive in time")
    }

    pub(super) fn too_many_streams() -> Self {
        let message = "too many streams at the moment; poll events(after:) or try again";
        Self {
            code: "RATE_LIMITED",
            header: Some((RETRY_AFTER, "5".into())),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
        }
    }

    pub(super) fn too_often(seconds: u32) -> Self {
        Self {
            code: "RATE_LIMITED",
            header: Some((RETRY_AFTER, seconds.to_string().into())),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, format!("too many requests with this token; wait {seconds} s"))
        }
    }

    pub(super) fn method() -> Self {
        Self {
            header: Some((ALLOW, "GET, POST".into())),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "send the request by POST, or a query by GET")
        }
    }

    pub(super) fn mutation_by_get() -> Self {
        Self {
            header: Some((ALLOW, "POST".into())),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "only queries go by GET: send mutations by POST")
        }
    }

    /// Where no form could be agreed upon, or a stream is not begun.
    pub(super) fn response(&self) -> Response {
        self.response_in(Form::Json)
    }

    pub(super) fn response_in(&self, form: Form) -> Response {
        let form = if form == Form::EventStream { Form::Json } else { form };
        let mut response = respond::errors(form, self.status, &[fault::coded(self.message.as_str(), self.code)]);
        if let Some((name, value)) = &self.header
            && let Ok(value) = HeaderValue::from_str(value)
        {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// The status where there is no answer in time.
pub(super) fn of_late_answer(form: Form) -> StatusCode {
    match form {
        Form::GraphqlResponse => StatusCode::SERVICE_UNAVAILABLE,
        Form::Json | Form::EventStream => StatusCode::OK,
    }
}

/// The status of an answer that carries only errors of the request itself.
pub(super) fn of_request_error(form: Form) -> StatusCode {
    match form {
        Form::GraphqlResponse => StatusCode::BAD_REQUEST,
        Form::Json | Form::EventStream => StatusCode::OK,
    }
}
