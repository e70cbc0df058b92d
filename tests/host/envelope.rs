//! The bodies with which the host wakes a trigger: `Data` and `Metadata` as its serialisation really makes them, with
//! texts quoted as JSON within JSON, and with a JSON message's own keys written over the queue's.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// A run of the timer.
pub(super) fn timer(function: &str, binding: &str, use_monitor: bool, now: Timestamp, id: &str) -> Value {
    let status = json!({
        "Last": "0001-01-01T00:00:00+00:00",
        "Next": seconds(now + SignedDuration::from_mins(1)),
        "LastUpdated": "0001-01-01T00:00:00+00:00",
    });
    let status = if use_monitor { status } else { Value::Null };
    let timer = json!({"Schedule": {"AdjustForDST": true}, "ScheduleStatus": status, "IsPastDue": false});
    json!({"Data": {binding: timer}, "Metadata": {"sys": sys(function, now, id)}})
}

/// A message of a queue, its text as it is after the host took off base64.
pub(super) fn queue(function: &str, binding: &str, text: &str, dequeue_count: u32, now: Timestamp, id: &str) -> Value {
    let mut metadata = Map::new();
    metadata.insert("DequeueCount".to_owned(), Value::String(dequeue_count.to_string()));
    metadata.insert("ExpirationTime".to_owned(), seconds(now + SignedDuration::from_hours(24 * 3650)));
    metadata.insert("Id".to_owned(), quoted(id));
    metadata.insert("InsertionTime".to_owned(), seconds(now));
    metadata.insert("NextVisibleTime".to_owned(), seconds(now + SignedDuration::from_mins(10)));
    metadata.insert("PopReceipt".to_owned(), quoted("AgAAAAMAAAAAAAAAAgtnj8x+1QE="));
    metadata.insert("sys".to_owned(), sys(function, now, id));
    if let Ok(Value::Object(message)) = serde_json::from_str(text) {
        message.into_iter().for_each(|(key, value)| merge(&mut metadata, &key, &value));
    }
    metadata.retain(|key, _| !key.to_ascii_lowercase().ends_with("trigger"));
    json!({"Data": {binding: quoted(text)}, "Metadata": metadata})
}

/// Writes one property of a message into the metadata. Their dictionary does not mind case: `id` is `Id`.
fn merge(metadata: &mut Map<String, Value>, key: &str, value: &Value) {
    let value = match value {
        Value::Array(_) | Value::Null => return,
        Value::Object(_) => value.clone(),
        Value::String(text) => quoted(text),
        Value::Bool(truth) => quoted(if *truth { "True" } else { "False" }),
        Value::Number(number) => quoted(&number.to_string()),
    };
    let there = metadata.keys().find(|had| had.eq_ignore_ascii_case(key)).cloned();
    metadata.insert(there.unwrap_or_else(|| key.to_owned()), value);
}

/// A text as JSON within JSON.
fn quoted(text: &str) -> Value {
    Value::String(Value::String(text.to_owned()).to_string())
}

fn sys(function: &str, now: Timestamp, id: &str) -> Value {
    json!({"MethodName": function, "UtcNow": now.to_string(), "RandGuid": id})
}

/// The host's dates pass through text and lose their fraction.
fn seconds(at: Timestamp) -> Value {
    Value::String(at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_788_000_000, 220_000_000);

    #[test]
    fn a_message_is_json_within_json_and_its_keys_are_written_over_those_of_the_queue() {
        let text =
            r#"{"event":"deploy","id":"evt-1","n":3,"on":true,"list":[1],"nothing":null,"more":{"a":1},"aTrigger":1}"#;
        let body = queue("notify", "msg", text, 2, NOW, "guid");
        assert_eq!(body["Data"]["msg"], Value::String(Value::String(text.to_owned()).to_string()));
        let metadata = &body["Metadata"];
        assert_eq!(metadata["DequeueCount"], "2");
        assert_eq!(metadata["Id"], "\"evt-1\"");
        assert_eq!(metadata["n"], "\"3\"");
        assert_eq!(metadata["on"], "\"True\"");
        assert_eq!(metadata["more"], json!({"a": 1}));
        assert_eq!(metadata["InsertionTime"], "2026-08-29T10:40:00+00:00");
        for missing in ["list", "nothing", "aTrigger", "id"] {
            assert!(metadata.get(missing).is_none(), "{missing}");
        }
    }

    #[test]
    fn a_message_that_is_an_array_leaves_the_metadata_alone() {
        let body = queue("notify", "msg", r#"[1,"route","org_1",0,17]"#, 1, NOW, "guid");
        assert_eq!(body["Data"]["msg"], r#""[1,\"route\",\"org_1\",0,17]""#);
        assert_eq!(body["Metadata"]["Id"], "\"guid\"");
        assert_eq!(body["Metadata"].as_object().map(Map::len), Some(7));
    }

    #[test]
    fn the_timer_is_an_object_and_its_record_is_null_where_none_is_kept() {
        let body = timer("poll", "timer", false, NOW, "guid");
        assert_eq!(body["Data"]["timer"]["IsPastDue"], false);
        assert_eq!(body["Data"]["timer"]["ScheduleStatus"], Value::Null);
        assert_eq!(body["Metadata"]["sys"]["MethodName"], "poll");
        assert!(timer("poll", "timer", true, NOW, "guid")["Data"]["timer"]["ScheduleStatus"].is_object());
    }
}
