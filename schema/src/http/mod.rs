//! GraphQL over HTTP: from a request to an answer, as the specification has it.
//!
//! `negotiate` says in which form the answer goes, `request` reads what is asked, `respond` and `sse` write the answer,
//! `fault` says which errors strangers may read, `browser` keeps other sites' pages out. Statuses are decided in one
//! table, `status`. Never here: who is asking, and what the schema means.

mod browser;
mod fault;
mod negotiate;
mod places;
mod request;
mod respond;
mod sse;
mod status;

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Executor;
use axum::body::Body;
use axum::response::Response;
use http::Request;

use crate::guard::{Admitted, Limits, Refused, admit};

pub use browser::allowed;
pub use negotiate::Form;
pub use places::Places;

/// How requests are taken.
#[derive(Clone)]
pub struct HttpSettings {
    /// What a request may be.
    pub limits: Limits,
    /// The largest body that is read, in bytes: that of an import.
    pub largest_body: usize,
    /// The largest body of every other request, in bytes.
    pub usual_body: usize,
    /// The fields of the root that take more than the usual body.
    pub imports: &'static [&'static str],
    /// A body that takes longer to arrive is not waited for.
    pub patience: Duration,
    /// An answer that takes longer is given up; what it had begun to change is as after a crash, whole or not at all.
    pub longest_answer: Duration,
    /// Is `__schema` answered?
    pub introspection: bool,
    /// A stream ends after so long, with its cursor in its last event; `None`: never.
    pub longest_stream: Option<Duration>,
    /// A sign of life on a quiet stream.
    pub heartbeat: Duration,
    /// A client that takes nothing off its stream for so long has left it.
    pub longest_stall: Duration,
    /// Streams at once.
    pub streams: Arc<Places>,
}

impl Default for HttpSettings {
    /// 1 MiB (of an import 5 MiB) within 10 s, an answer within 100 s, introspection, endless streams with a heartbeat each 12 s and a stall of 30 s, 256
    /// of them and 64 for each organization.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            largest_body: 5 * 1024 * 1024,
            usual_body: 1024 * 1024,
            imports: &["importAssets"],
            patience: Duration::from_secs(10),
            longest_answer: Duration::from_secs(100),
            introspection: true,
            longest_stream: None,
            heartbeat: Duration::from_secs(12),
            longest_stall: Duration::from_secs(30),
            streams: Places::new(256, 64),
        }
    }
}

/// The answer to a client that asks more often than it may, in the form that it takes.
pub fn too_often(headers: &http::HeaderMap, seconds: u32) -> Response {
    match negotiate::form(headers) {
        Ok(form) => status::Refusal::too_often(seconds).response_in(form),
        Err(refusal) => refusal.response(),
    }
}

/// Answers one request. `whose` takes a place for each stream; `prepare` adds what resolvers need, such as who is asking.
pub async fn handle(
    engine: &impl Executor,
    settings: &HttpSettings,
    whose: &str,
    http: Request<Body>,
    prepare: impl FnOnce(async_graphql::Request) -> async_graphql::Request,
) -> Response {
    let form = match negotiate::form(http.headers()) {
        Ok(form) => form,
        Err(refusal) => return refusal.response(),
    };
    let get = http.method() == http::Method::GET;
    let asked = match request::read(http, settings).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal.response_in(form),
    };
    let Admitted { document, cost, introspects } =
        match admit(&asked.query, asked.operation_name.as_deref(), &asked.variables, &settings.limits) {
            Ok(admitted) => admitted,
            Err(refused) => return respond::refused(form, refused),
        };
    if asked.bytes > settings.usual_body
        && !request::asks_only_for(&document, asked.operation_name.as_deref(), settings.imports)
    {
        return status::Refusal::too_large(settings.usual_body).response_in(form);
    }
    if get && request::is_mutation(&document, asked.operation_name.as_deref()) {
        return status::Refusal::mutation_by_get().response_in(form);
    }
    if introspects && !settings.introspection {
        let message = "the schema is not told here: introspection is switched off".to_owned();
        return respond::refused(form, Refused { code: "FORBIDDEN", message, at: None });
    }
    let mut request = async_graphql::Request::new(asked.query).variables(asked.variables);
    request.operation_name = asked.operation_name;
    // Parsed once: the engine takes the document as the guard saw it.
    request.set_parsed_query(document);
    if !settings.introspection {
        request = request.disable_introspection();
    }
    let request = prepare(request);
    match form {
        Form::EventStream => sse::stream(engine, settings, whose, request),
        Form::Json | Form::GraphqlResponse => {
            match tokio::time::timeout(settings.longest_answer, engine.execute(request)).await {
                Ok(answer) => respond::answer(form, answer, cost),
                Err(_elapsed) => respond::late(form, settings.longest_answer),
            }
        }
    }
}
