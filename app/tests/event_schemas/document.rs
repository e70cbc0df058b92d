//! The schema of each event.

use domain::event::EventType;
use serde_json::{Value, json};

use crate::parts;
use crate::shape::{object, short, text, time};

/// What an event is about, by which its parts are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// One finding.
    Finding,
    /// A decision by people.
    Triage,
    /// One service.
    Service,
    /// One host.
    Host,
    /// One asset.
    Asset,
    /// A source.
    Source,
    /// A channel's receiver.
    Channel,
    /// A test of a channel.
    Test,
}

impl Subject {
    /// What this type of event is about.
    pub(crate) fn of(kind: EventType) -> Self {
        match kind.as_str().split('_').next().unwrap_or_default() {
            "FINDING" => Self::Finding,
            "TRIAGE" => Self::Triage,
            "SERVICE" => Self::Service,
            "HOST" => Self::Host,
            "ASSET" => Self::Asset,
            "SOURCE" | "CREDITS" => Self::Source,
            "CHANNEL" => Self::Channel,
            _ => Self::Test,
        }
    }
}

/// The whole schema, a document of its own.
pub(crate) fn of(kind: EventType) -> Value {
    let mut data = parts::frame();
    data.extend(match Subject::of(kind) {
        Subject::Finding => parts::of_finding(),
        Subject::Triage => parts::of_triage(),
        Subject::Service => parts::of_service(),
        Subject::Host => parts::of_host(),
        Subject::Asset => parts::of_asset(),
        Subject::Source => vec![("source", parts::source())],
        Subject::Channel => parts::of_channel(),
        Subject::Test => vec![("channel", parts::channel())],
    });
    match kind {
        EventType::FindingCommented => data.push(("comment", object(vec![("id", text()), ("text", short(4_096))]))),
        EventType::AssetFirstPolled => data.push(("summary", parts::summary())),
        _ => {}
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("{}.schema.json", kind.wire()),
        "title": kind.wire(),
        "description": "The body of a webhook. Every key named here is always there; keys may be added, none is taken away.",
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {"type": {"const": kind.wire()}, "timestamp": time(), "data": object(data)},
        "additionalProperties": false,
    })
}
