//! Words to build a JSON Schema from.

use serde_json::{Map, Value, json};

/// A text.
pub(crate) fn text() -> Value {
    json!({"type": "string"})
}

/// A text of at most so many bytes (the schema counts characters, of which there are not more).
pub(crate) fn short(most: usize) -> Value {
    json!({"type": "string", "maxLength": most})
}

/// An instant.
pub(crate) fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// A whole number from 0.
pub(crate) fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

/// A number in a range.
pub(crate) fn number(least: f64, most: f64) -> Value {
    json!({"type": "number", "minimum": least, "maximum": most})
}

/// A truth value.
pub(crate) fn truth() -> Value {
    json!({"type": "boolean"})
}

/// One of these words.
pub(crate) fn words(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

/// A word of a list that may grow.
pub(crate) fn word() -> Value {
    json!({"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"})
}

/// That, or null.
pub(crate) fn or_null(schema: Value) -> Value {
    let either = Value::Array(vec![schema, json!({"type": "null"})]);
    Value::Object(Map::from_iter([("anyOf".to_owned(), either)]))
}

/// At most so many of that.
pub(crate) fn list(most: Option<usize>, items: Value) -> Value {
    let mut list = Map::from_iter([("type".to_owned(), Value::from("array")), ("items".to_owned(), items)]);
    list.extend(most.map(|most| ("maxItems".to_owned(), Value::from(most))));
    Value::Object(list)
}

/// An object whose keys are all there. Keys may be added later.
pub(crate) fn object<K: Into<String>>(keys: Vec<(K, Value)>) -> Value {
    let keys: Vec<(String, Value)> = keys.into_iter().map(|(key, schema)| (key.into(), schema)).collect();
    let required: Vec<&String> = keys.iter().map(|(key, _)| key).collect();
    let head = json!({"type": "object", "required": required});
    let Value::Object(mut object) = head else { return head };
    object.insert("properties".into(), Value::Object(Map::from_iter(keys)));
    Value::Object(object)
}

/// The same schema without room for additions, to see that everything is described.
pub(crate) fn closed(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => {
            let mut map: Map<String, Value> = map.iter().map(|(key, value)| (key.clone(), closed(value))).collect();
            if map.get("type").is_some_and(|t| t == "object") {
                map.insert("additionalProperties".into(), Value::Bool(false));
            }
            Value::Object(map)
        }
        Value::Array(items) => Value::Array(items.iter().map(closed).collect()),
        other => other.clone(),
    }
}
