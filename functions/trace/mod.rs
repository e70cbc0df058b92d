//! Which line of the log, and which request that leaves, belongs to what woke the program.
//!
//! W3C Trace Context (<https://www.w3.org/TR/trace-context/>): a well-formed `traceparent` is carried on, anything else
//! begins a trace of its own; webhooks carry it out. Beside it every line has the invocation's id, by which the Functions
//! host knows it. Never here: what is logged, and anything of a request that a stranger could fill with words.

mod context;
#[cfg(feature = "otel")]
pub(crate) mod export;
mod layer;
mod outgoing;
#[cfg(feature = "otel")]
mod recorded;
#[cfg(not(feature = "otel"))]
mod unrecorded;

use std::pin::Pin;

use app::ports::Ids;
use tracing::Instrument as _;
use tracing::field::{Empty, display};

#[cfg(not(feature = "otel"))]
use unrecorded as recorded;

pub use context::TraceContext;
pub use layer::traced;
pub use outgoing::TracedWebhooks;

/// The target of spans around what we ask of others. They are for collectors: lines of the log stay as they are.
pub(crate) const CALLS: &str = "iotmonitor::call";

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// The context of what runs now; `None` outside of everything that was begun.
pub fn current() -> Option<TraceContext> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Work on the heap: a tick is large, and whoever waits for it would carry its size.
type Work<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Work that nobody asked for, such as a tick: it begins a trace, unless it is part of one.
pub fn begin<'a, T: 'a>(ids: &dyn Ids, what: &'static str, work: impl Future<Output = T> + Send + 'a) -> Work<'a, T> {
    if current().is_some() {
        return Box::pin(work);
    }
    let span = tracing::error_span!("work", what, trace_id = Empty);
    let context = recorded::adopted(&span, TraceContext::begin(ids));
    span.record("trace_id", display(context.trace_id()));
    Box::pin(CURRENT.scope(context, work).instrument(span))
}
