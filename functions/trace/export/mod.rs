//! Traces for a collector of OpenTelemetry (feature `otel`): requests, ticks and messages, with what they asked of others.
//!
//! What leaves is what the log may say, and less: of spans only what [`shape`] lists by name, of events those of our own
//! crates from information upwards. Delivery has a thread of its own and is never waited for, but for two seconds at the
//! end. Never here: which settings there are, and what a span is about.

mod client;
mod ids;
mod shape;

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Collector, ConfigError, Egress, Environment};
use client::Posted;
use ids::ByOurs;
use shape::Shaped;

/// The crates of this house: what others say of what they do may hold whole requests.
const OURS: [&str; 9] =
    ["iotmonitor", "app", "channels", "domain", "identity", "schema", "shodan_client", "sources", "storage"];
/// What was not delivered at the end has so long.
const LAST: Duration = Duration::from_secs(2);

/// Delivers until it is dropped; then what is left, if that is quick.
pub(crate) struct Exporting(SdkTracerProvider);

impl Drop for Exporting {
    fn drop(&mut self) {
        // A collector that does not answer was told already.
        let _undelivered = self.0.shutdown_with_timeout(LAST);
    }
}

/// What records, and what delivers. `None`: nobody collects.
///
/// # Errors
/// Settings that name no collector, or authorities that cannot be read.
pub(crate) fn begin<S>(environment: &Environment) -> Result<Option<(impl Layer<S> + use<S>, Exporting)>, ConfigError>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let Some(collector) = Collector::read(environment)? else { return Ok(None) };
    let provider = provider(&collector, &Egress::read(environment)?)?;
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("iotmonitor"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    Ok(Some((layer.with_filter(filter_fn(leaves)), Exporting(provider))))
}

fn provider(collector: &Collector, egress: &Egress) -> Result<SdkTracerProvider, ConfigError> {
    let wrong = |why: String| ConfigError::invalid("OTEL_EXPORTER_OTLP_ENDPOINT", why);
    let client =
        Posted::new(egress.authorities.as_deref(), &collector.headers).map_err(|error| wrong(error.to_string()))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(collector.url.as_str())
        .build()
        .map_err(|error| wrong(error.to_string()))?;
    let mut resource = Resource::builder().with_attribute(shape::version());
    if let Some(service) = &collector.service {
        resource = resource.with_service_name(service.clone());
    }
    let provider = SdkTracerProvider::builder().with_id_generator(ByOurs).with_resource(resource.build());
    Ok(provider.with_batch_exporter(Shaped(exporter)).build())
}

fn leaves(metadata: &Metadata<'_>) -> bool {
    let house = metadata.target().split("::").next();
    *metadata.level() <= Level::INFO && house.is_some_and(|house| OURS.contains(&house))
}
