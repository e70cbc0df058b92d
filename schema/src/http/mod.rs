//! GraphQL over HTTP: from a request to an answer, as the specification has it.
//!
//! `negotiate` says in which form the answer goes, `request` reads what is asked, `respond` and `sse` write the answer,
//! `browser` keeps other sites' pages out. Statuses are decided in one table, `status`.

mod browser;
mod negotiate;
mod request;
mod respond;
mod sse;
mod status;

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{ObjectType, Schema, ServerError, SubscriptionType};
use axum::body::Body;
use axum::response::Response;
use http::Request;
use tokio::sync::Semaphore;

use crate::guard::{Limits, Refused, admit};

pub use browser::allowed;
pub use negotiate::Form;

/// How requests are taken.
#[derive(Clone)]
pub struct HttpSettings {
    /// What a request may be.
    pub limits: Limits,
    /// The largest body that is read, in bytes.
    pub largest_body: usize,
    /// Is `__schema` answered?
    pub introspection: bool,
    /// A stream ends after so long, with its cursor in its last event; `None`: never.
    pub longest_stream: Option<Duration>,
    /// A sign of life on a quiet stream.
    pub heartbeat: Duration,
    /// Streams at once.
    pub streams: Arc<Semaphore>,
}

impl Default for HttpSettings {
    /// 5 MiB, introspection, endless streams with a heartbeat each 12 s, 256 of them.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            largest_body: 5 * 1024 * 1024,
            introspection: true,
            longest_stream: None,
            heartbeat: Duration::from_secs(12),
            streams: Arc::new(Semaphore::new(256)),
        }
    }
}

/// Answers one request. `prepare` adds what resolvers need, such as who is asking.
pub async fn handle<Q, M, S>(
    engine: &Schema<Q, M, S>,
    settings: &HttpSettings,
    http: Request<Body>,
    prepare: impl FnOnce(async_graphql::Request) -> async_graphql::Request,
) -> Response
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    let form = match negotiate::form(http.headers()) {
        Ok(form) => form,
        Err(refusal) => return refusal.response(),
    };
    let get = http.method() == http::Method::GET;
    let asked = match request::read(http, settings).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal.response_in(form),
    };
    let admitted = match admit(&asked.query, asked.operation_name.as_deref(), &asked.variables, &settings.limits) {
        Ok(admitted) => admitted,
        Err(refused) => return respond::refused(form, &[refused.error()]),
    };
    if get && request::is_mutation(&admitted.document, asked.operation_name.as_deref()) {
        return status::Refusal::mutation_by_get().response_in(form);
    }
    let mut request = async_graphql::Request::new(asked.query).variables(asked.variables);
    request.operation_name = asked.operation_name;
    request.set_parsed_query(admitted.document);
    if !settings.introspection {
        request = request.disable_introspection();
    }
    let request = prepare(request);
    match form {
        Form::EventStream => sse::stream(engine, settings, request),
        Form::Json | Form::GraphqlResponse => {
            let answer = engine.execute(request).await;
            respond::answer(form, answer, admitted.cost)
        }
    }
}

/// An error before the engine was asked.
fn request_error(message: &str) -> ServerError {
    Refused { code: "BAD_USER_INPUT", message: message.to_owned(), at: None }.error()
}
