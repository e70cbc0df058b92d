//! The published JSON Schemas of events (`schema/events/`): they are what the code here says, and every payload that
//! the program makes is valid against them, with no key missing and none that they do not describe.
//!
//! After a change of the payload: `cargo nextest run -p app --test event_schemas --run-ignored only` writes them.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod document;
mod parts;
mod samples;
mod shape;

use std::fs;
use std::path::PathBuf;

use domain::event::EventType;
use domain::payload::{self, Frame};
use serde_json::Value;

fn path(kind: EventType) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schema/events").join(format!("{}.schema.json", kind.wire()))
}

fn text(kind: EventType) -> String {
    format!("{:#}\n", document::of(kind))
}

#[test]
fn every_event_has_its_schema_and_there_is_no_other() {
    for kind in EventType::ALL {
        let committed = fs::read_to_string(path(*kind)).unwrap_or_default();
        assert_eq!(committed, text(*kind), "{}: write the schemas anew, see the top of this file", kind.wire());
    }
    let files = fs::read_dir(path(EventType::Test).parent().unwrap()).unwrap().count();
    assert_eq!(files, EventType::ALL.len());
}

#[test]
#[ignore = "writes the schemas"]
fn write_the_schemas() {
    for kind in EventType::ALL {
        fs::write(path(*kind), text(*kind)).unwrap();
    }
}

#[test]
fn every_payload_is_valid_and_has_no_key_that_is_not_described() {
    let frame = Frame {
        organization: ("org_01J8ZQ4W3E9V6T5R2P1N0M8K7H", "Acme"),
        sequence: "000000000000042",
        public_url: "https://iot.example",
    };
    for kind in EventType::ALL {
        let open = document::of(*kind);
        let strict = jsonschema::validator_for(&shape::closed(&open)).unwrap();
        let published = jsonschema::validator_for(&open).unwrap();
        for draft in samples::of(*kind) {
            let data = payload::data(&draft, frame);
            let envelope = payload::envelope(*kind, samples::NOW, &data);
            let faults: Vec<String> =
                strict.iter_errors(&envelope).map(|e| format!("{} at {}", e, e.instance_path())).collect();
            assert!(faults.is_empty(), "{}: {faults:#?}", kind.wire());
            assert!(published.is_valid(&envelope));
            assert!(envelope.to_string().len() <= 20_000, "{}: {} bytes", kind.wire(), envelope.to_string().len());
        }
    }
}

#[test]
fn a_missing_key_or_a_wrong_type_is_not_valid() {
    let schema = jsonschema::validator_for(&document::of(EventType::FindingOpened)).unwrap();
    let draft = samples::of(EventType::FindingOpened).remove(0);
    let frame = Frame { organization: ("org_1", "Acme"), sequence: "1", public_url: "" };
    let good = payload::envelope(EventType::FindingOpened, samples::NOW, &payload::data(&draft, frame));
    assert!(schema.is_valid(&good));
    let mut missing = good.clone();
    missing["data"]["finding"].as_object_mut().unwrap().remove("revision");
    assert!(!schema.is_valid(&missing));
    let mut wrong = good.clone();
    wrong["data"]["finding"]["severity"] = Value::from("TERRIBLE");
    assert!(!schema.is_valid(&wrong));
    let mut other = good.clone();
    other["type"] = Value::from("finding.closed");
    assert!(!schema.is_valid(&other));
    let mut more = good;
    more["data"]["finding"]["addedLater"] = Value::from(1);
    assert!(schema.is_valid(&more), "additions break no receiver");
}
