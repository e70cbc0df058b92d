use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use shodan_client::lenient::{list, object, string};

/// Deeper is told as the text that it is: nothing real is.
const DEEPEST: usize = 32;

/// A value as it was written. A number that no 64 bits hold, such as the serial of a certificate, becomes a text:
/// rounded it would be another number.
pub(crate) fn whole(raw: &RawValue) -> Value {
    at(raw, 0)
}

fn at(raw: &RawValue, depth: usize) -> Value {
    let text = raw.get().trim();
    match text.as_bytes().first() {
        Some(b'{' | b'[') if depth >= DEEPEST => Value::String(text.to_owned()),
        Some(b'{') => {
            let members = object(raw).unwrap_or_default();
            let members = members.members().map(|(name, member)| (name.to_owned(), at(member, depth + 1)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Some(b'[') => {
            let items = list(raw).unwrap_or_default();
            Value::Array(items.into_iter().map(|item| at(item, depth + 1)).collect())
        }
        Some(b'"') => string(raw).map_or(Value::Null, |text| Value::String(text.into_owned())),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'-' | b'0'..=b'9') => number(text),
        _ => Value::Null,
    }
}

fn number(text: &str) -> Value {
    let whole = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
    if let Ok(number) = whole {
        return Value::Number(number);
    }
    let broken = text.contains(['.', 'e', 'E']).then(|| text.parse().ok().and_then(Number::from_f64)).flatten();
    broken.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_written_is_told_and_no_number_is_rounded() {
        let raw: &RawValue = serde_json::from_str(
            r#" {"serial": 340282366920938463463374607431768211456, "hash": -7, "cvss": 9.8, "a": [true, null, "x"]} "#,
        )
        .unwrap();
        let expected = json!({
            "serial": "340282366920938463463374607431768211456", "hash": -7, "cvss": 9.8, "a": [true, null, "x"],
        });
        assert_eq!(whole(raw), expected);
    }

    #[test]
    fn what_is_nested_without_end_ends() {
        let text = format!("{}{}", "[".repeat(100), "]".repeat(100));
        let raw: &RawValue = serde_json::from_str(&text).unwrap();
        assert!(whole(raw).to_string().contains("\"[["), "{}", whole(raw));
    }
}
