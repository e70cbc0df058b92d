//! `/metrics`: what this process has counted and what it sees, as Prometheus reads it. Standalone only: elsewhere a process
//! is one of many, and is gone before anybody could read what it counted.
//!
//! Here belongs what is counted and how it is written. Never here: anything of an organization's, because whoever reaches
//! the address may read it; what comes through a proxy is refused, so that a proxy that passes everything on does not
//! show it to the world.

mod asked;
mod counted;
mod counters;

use std::fmt::Write as _;
use std::sync::Arc;

use app::poll::last_tick;
use app::ports::QueueName;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

pub use counted::Counted;
use counters::Family;
pub use counters::Metrics;

use crate::handler::passed_on;
use crate::http::{Program, nothing_here};

/// The text format, as of <https://prometheus.io/docs/instrumenting/exposition_formats/>.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything at this instant. What the store does not tell is left out, and says so by its absence.
pub async fn handle(State(program): State<Arc<Program>>, headers: HeaderMap) -> Response {
    if passed_on(&headers) {
        return nothing_here().await;
    }
    let mut text = String::new();
    let build = [("version", env!("CARGO_PKG_VERSION"))];
    family(&mut text, "iotmonitor_build_info", "gauge", "The program.", &[(&build, 1.0)]);
    for of in Family::ALL {
        let (name, help, labels) = of.described();
        let counts = program.metrics.of(of);
        let samples: Vec<([(&str, &str); 2], f64)> = counts
            .iter()
            .map(|((first, second), count)| {
                ([(labels[0], first.as_ref()), (labels[1], second.as_ref())], exact(*count))
            })
            .collect();
        let samples: Vec<(&[(&str, &str)], f64)> =
            samples.iter().map(|(labels, count)| (labels.as_slice(), *count)).collect();
        family(&mut text, name, "counter", help, &samples);
    }
    seen(&program, &mut text).await;
    ([(CONTENT_TYPE, FORMAT)], text).into_response()
}

/// What is read at this instant and not counted.
async fn seen(program: &Program, text: &mut String) {
    if program.ready().await.is_err() {
        return;
    }
    let mut depths = Vec::new();
    for queue in [QueueName::Notifications, QueueName::NotificationsPoison] {
        if let Ok(depth) = program.app.queue.depth(queue).await {
            depths.push(([("queue", queue.as_str())], exact(depth)));
        }
    }
    let depths: Vec<(&[(&str, &str)], f64)> =
        depths.iter().map(|(labels, depth)| (labels.as_slice(), *depth)).collect();
    family(text, "iotmonitor_queue_messages", "gauge", "Messages in a queue, visible or not.", &depths);
    if let Ok(Some(last)) = last_tick(&*program.app.tables).await {
        let help = "When the last turn of the timer ended, in seconds since 1970.";
        family(
            text,
            "iotmonitor_last_tick_timestamp_seconds",
            "gauge",
            help,
            &[(&[], last.as_duration().as_secs_f64())],
        );
    }
    if let Some(bytes) = resident() {
        family(text, "process_resident_memory_bytes", "gauge", "Memory in use.", &[(&[], exact(bytes))]);
    }
}

fn family(text: &mut String, name: &str, kind: &str, help: &str, samples: &[(&[(&str, &str)], f64)]) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in samples {
        let labels: Vec<String> = labels
            .iter()
            .filter(|(label, _)| !label.is_empty())
            .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
            .collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has no other numbers, and nothing is counted beyond 2^53")]
fn exact(count: u64) -> f64 {
    count as f64
}

/// Linux tells it in pages; pages are 4 KiB where this runs.
fn resident() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    pages.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * 4096)
}
