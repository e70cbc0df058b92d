//! developer.pagerduty.com, Events API v2: send an event.

use serde_json::Value;

use super::{Active, only, text, url, visit};

pub(super) fn judge(event: &Value, body: &str) -> Result<(), String> {
    if body.len() > 512_000 {
        return Err(format!("{} bytes", body.len()));
    }
    text(&event["dedup_key"], 255)?;
    match event["event_action"].as_str() {
        Some("acknowledge" | "resolve") => only(event, &["event_action", "dedup_key", "routing_key"]),
        Some("trigger") => trigger(event),
        other => Err(format!("the action {other:?}")),
    }
}

fn trigger(event: &Value) -> Result<(), String> {
    only(event, &["event_action", "dedup_key", "routing_key", "client", "client_url", "links", "payload!"])?;
    let payload = &event["payload"];
    only(payload, &["summary!", "source!", "severity!", "timestamp", "component", "group", "class", "custom_details"])?;
    text(&payload["summary"], 1024)?;
    text(&payload["source"], 1024)?;
    if !["critical", "error", "warning", "info"].iter().any(|word| payload["severity"] == *word) {
        return Err(format!("the severity {}", payload["severity"]));
    }
    for link in event["links"].as_array().into_iter().flatten() {
        only(link, &["href!", "text"])?;
        url(&link["href"], 4096)?;
    }
    payload["timestamp"].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok()).map(drop).ok_or("timestamp".into())
}

/// Texts are shown as they are, but for what looks like an address of the web.
pub(super) fn active(event: &Value, active: &mut Active) {
    visit(event, "", &mut |key, text| {
        if text.contains("://") && !["href", "client_url"].contains(&key) {
            active.others.push(text.into());
        }
    });
}
