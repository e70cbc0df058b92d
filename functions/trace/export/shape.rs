use std::time::Duration;

use opentelemetry::trace::SpanKind;
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// What of a span leaves, by our name and by that of OpenTelemetry's conventions. Whatever is not here stays here.
const TOLD: [(&str, &str); 7] = [
    ("route", "http.route"),
    ("http.request.method", "http.request.method"),
    ("http.response.status_code", "http.response.status_code"),
    ("invocation", "faas.invocation_id"),
    ("organization", "iotmonitor.organization.id"),
    ("port", "iotmonitor.port"),
    ("outcome", "iotmonitor.outcome"),
];

/// Which version is running.
pub(super) fn version() -> KeyValue {
    KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))
}

/// Gives spans names, kinds and attributes as others expect them, before they are delivered.
#[derive(Debug)]
pub(super) struct Shaped<E>(pub(super) E);

impl<E: SpanExporter> SpanExporter for Shaped<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.export(batch.into_iter().map(shaped).collect()).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn shaped(mut span: SpanData) -> SpanData {
    let said = |key: &str| span.attributes.iter().find(|told| told.key.as_str() == key).map(|told| told.value.clone());
    let text = |key: &str| said(key).map(|value| value.to_string()).unwrap_or_default();
    let (kind, name) = match &*span.name {
        "request" => (SpanKind::Server, format!("{} {}", text("http.request.method"), text("route"))),
        "call" => (SpanKind::Client, text("what")),
        _ => (SpanKind::Internal, text("what")),
    };
    let told = TOLD.iter().filter_map(|(ours, theirs)| Some(KeyValue::new(*theirs, said(ours)?)));
    let told: Vec<KeyValue> = told.filter(|told| told.value != Value::from("")).collect();
    (span.span_kind, span.name, span.attributes) = (kind, name.into(), told);
    span
}
