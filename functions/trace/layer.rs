use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;
use tracing::field::{Empty, display};

use super::{CURRENT, TraceContext, recorded};
use crate::http::Program;

/// How the Functions host names an invocation: of a trigger, and of a request that it passes on.
const INVOCATIONS: [&str; 2] = ["x-azure-functions-invocationid", "x-ms-invocation-id"];
/// A UUID has 36 characters; Azure's front ends add no more than a few.
const LONGEST_INVOCATION: usize = 64;

/// Stands around every route: gives each line of the log its trace, its invocation and, once known, its organization; and
/// counts the answer.
pub async fn traced(State(program): State<Arc<Program>>, request: Request, next: Next) -> Response {
    // Never the path itself: tokens stand in some, and strangers write whatever they like into others.
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("other", MatchedPath::as_str);
    // On the highest level: what is filtered away would take the ids of errors with it.
    let span = tracing::error_span!(
        "request",
        route,
        trace_id = Empty,
        invocation = invocation(request.headers()),
        organization = Empty
    );
    let context = recorded::adopted(&span, TraceContext::of(request.headers(), &*program.app.ids));
    span.record("trace_id", display(context.trace_id()));
    let method = request.method().clone();
    let run = async {
        let answer = next.run(request).await;
        tracing::debug!(status = answer.status().as_u16(), "answered");
        answer
    };
    let answer = CURRENT.scope(context, run).instrument(span.clone()).await;
    recorded::answered(&span, &method, answer.status());
    program.metrics.answered(route, answer.status());
    answer
}

/// The id that the host has given, if it looks like one.
fn invocation(headers: &HeaderMap) -> Option<&str> {
    let named = INVOCATIONS.iter().find_map(|name| headers.get(*name))?.to_str().ok()?;
    let plain = named.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (plain && !named.is_empty() && named.len() <= LONGEST_INVOCATION).then_some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_an_invocation_gets_into_the_log() {
        let of = |name: &'static str, value: &str| {
            invocation(&HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])).map(str::to_owned)
        };
        let id = "83a33220-a921-460a-bec0-b3f043dcf1ff";
        assert_eq!(of("x-azure-functions-invocationid", id).as_deref(), Some(id));
        assert_eq!(of("x-ms-invocation-id", id).as_deref(), Some(id));
        assert_eq!(of("x-request-id", id), None);
        for wrong in ["", "a b", "<script>", &"a".repeat(65), "ERROR\tforged"] {
            assert_eq!(of("x-ms-invocation-id", wrong), None, "{wrong}");
        }
    }
}
