use serde_json::Value;

/// Every key below a schema with what it holds, in the order of the alphabet: `a.b` of an object, `a[].b` of a list.
pub(super) fn fields(at: &str, schema: &Value) -> Vec<(String, String)> {
    let (schema, nullable) = without_null(schema);
    let own = holds(schema, nullable);
    let mut found: Vec<(String, String)> = own.map(|holds| (at.to_owned(), holds)).into_iter().collect();
    let (inner, at) = match schema.get("items") {
        Some(items) => (without_null(items).0, format!("{at}[]")),
        None => (schema, at.to_owned()),
    };
    for (key, schema) in inner["properties"].as_object().into_iter().flatten() {
        found.extend(fields(&format!("{at}.{key}"), schema));
    }
    found
}

/// What a value may be; `None` for an object that is always there: its keys say it.
fn holds(schema: &Value, nullable: bool) -> Option<String> {
    let of_list = schema.get("items").map(|items| without_null(items).0);
    let mut said = match (of_list, schema["type"].as_str()) {
        (Some(items), _) if items.get("properties").is_some() => "a list".to_owned(),
        (Some(items), _) => format!("a list, each {}", one(items)),
        (None, Some("object")) if nullable => "an object".to_owned(),
        (None, Some("object") | None) => return None,
        (None, Some(_)) => one(schema),
    };
    if let Some(most) = schema["maxItems"].as_u64() {
        said.extend([", at most ", &most.to_string()]);
    }
    if nullable {
        said.push_str("; or null");
    }
    Some(said)
}

/// A value that has no parts.
fn one(schema: &Value) -> String {
    let words = schema["enum"].as_array().map(|words| words.iter().filter_map(Value::as_str).collect::<Vec<_>>());
    let number = |name: &str| schema[name].as_f64();
    let kind = schema["type"].as_str().unwrap_or("a value");
    match (words, kind) {
        (Some(words), _) => format!("`{}`", words.join("`, `")),
        (None, "string") => match (schema["format"].as_str(), schema["maxLength"].as_u64()) {
            (Some("date-time"), _) => "a time (RFC 3339)".to_owned(),
            (_, Some(most)) => format!("text, at most {most} characters"),
            _ if schema.get("pattern").is_some() => "one of the API's words".to_owned(),
            _ => "text".to_owned(),
        },
        (None, "boolean") => "`true` or `false`".to_owned(),
        (None, "integer" | "number") => {
            let whole = if kind == "integer" { "a whole number" } else { "a number" };
            match (number("minimum"), number("maximum")) {
                (Some(least), Some(most)) => format!("{whole} from {least} to {most}"),
                (Some(least), None) => format!("{whole} from {least}"),
                _ => whole.to_owned(),
            }
        }
        _ => kind.to_owned(),
    }
}

/// The schema that is not `null`, and whether `null` is allowed beside it.
fn without_null(schema: &Value) -> (&Value, bool) {
    let Some(either) = schema["anyOf"].as_array() else { return (schema, false) };
    let nothing = |schema: &&Value| schema["type"] == "null";
    (either.iter().find(|schema| !nothing(schema)).unwrap_or(schema), either.iter().any(|schema| nothing(&schema)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_told_with_their_bounds_through_objects_lists_and_null() {
        let nothing = json!({"type": "null"});
        let schema = json!({"type": "object", "properties": {
            "at": {"type": "string", "format": "date-time"},
            "list": {"type": "array", "maxItems": 5, "items": {"type": "object", "properties": {
                "port": {"type": "integer", "minimum": 1, "maximum": 65_535},
                "state": {"enum": ["OPEN", "CLOSED"], "type": "string"}}}},
            "names": {"type": "array", "items": {"type": "string", "maxLength": 9}},
            "who": {"anyOf": [{"type": "object", "properties": {"name": {"anyOf": [{"type": "string"}, nothing]}}}, nothing]},
        }});
        let told: Vec<String> =
            fields("d", &schema).into_iter().map(|(key, holds)| format!("{key}: {holds}")).collect();
        let expected = [
            "d.at: a time (RFC 3339)",
            "d.list: a list, at most 5",
            "d.list[].port: a whole number from 1 to 65535",
            "d.list[].state: `OPEN`, `CLOSED`",
            "d.names: a list, each text, at most 9 characters",
            "d.who: an object; or null",
            "d.who.name: text; or null",
        ];
        assert_eq!(told, expected);
    }
}
