//! Where a trace that OpenTelemetry records and the one of the log are made the same.

use axum::http::{Method, StatusCode};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::TraceContext;

/// Makes `span` our part of the trace; its id is then what goes on to others. Where nobody collects, as it was.
pub(super) fn adopted(span: &Span, context: TraceContext) -> TraceContext {
    if let Some(caller) = context.caller {
        let (trace, caller) = (TraceId::from_bytes(context.trace), SpanId::from_bytes(caller));
        let remote = SpanContext::new(trace, caller, TraceFlags::new(context.flags), true, TraceState::NONE);
        // It fails where nobody collects, and then there is nothing to carry on.
        let _nobody = span.set_parent(Context::new().with_remote_span_context(remote));
    }
    let recorded = span.context().span().span_context().clone();
    if !recorded.is_valid() {
        return context;
    }
    TraceContext {
        trace: recorded.trace_id().to_bytes(),
        span: recorded.span_id().to_bytes(),
        flags: recorded.trace_flags().to_u8() & 1,
        ..context
    }
}

/// What was asked by HTTP and how it ended, in the words of OpenTelemetry's conventions.
pub(super) fn answered(span: &Span, method: &Method, status: StatusCode) {
    // Strangers invent methods.
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let method = if known.contains(method) { method.to_string() } else { "_OTHER".to_owned() };
    span.set_attribute("http.request.method", method);
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::outside::SystemIds;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn what_goes_on_to_others_names_the_span_that_is_recorded() {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let headers = HeaderMap::from_iter([("traceparent".parse().unwrap(), PARENT.parse().unwrap())]);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            for (headers, carried_on) in [(&headers, true), (&HeaderMap::new(), false)] {
                let span = tracing::error_span!("request");
                let context = adopted(&span, TraceContext::of(headers, &SystemIds));
                let recorded = span.context().span().span_context().clone();
                assert_eq!(context.to_string(), format!("00-{}-{}-01", recorded.trace_id(), recorded.span_id()));
                assert_eq!(context.trace_id() == PARENT[3..35], carried_on);
            }
        });
    }

    #[test]
    fn where_nobody_records_a_trace_is_what_it_was() {
        let context = TraceContext::begin(&SystemIds);
        assert_eq!(adopted(&Span::none(), context.clone()), context);
    }
}
