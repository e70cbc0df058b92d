use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::IdGenerator;

use crate::outside::SystemIds;
use crate::trace::context::filled;

/// Ids of the same chance as all of ours.
#[derive(Debug)]
pub(super) struct ByOurs;

impl IdGenerator for ByOurs {
    fn new_trace_id(&self) -> TraceId {
        TraceId::from_bytes(filled(&SystemIds))
    }

    fn new_span_id(&self) -> SpanId {
        SpanId::from_bytes(filled(&SystemIds))
    }
}
