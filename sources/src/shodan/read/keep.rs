use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use shodan_client::lenient::block;

/// How much of a value to keep.
#[derive(Clone, Copy)]
struct Bounds {
    /// Levels of lists and objects.
    depth: usize,
    /// Members of an object, items of a list.
    items: usize,
    /// Bytes of a string.
    text: usize,
}

/// From generous to stingy. What is too large with one is cut with the next.
const BOUNDS: [Bounds; 5] = [
    Bounds { depth: 6, items: 64, text: 1024 },
    Bounds { depth: 4, items: 32, text: 512 },
    Bounds { depth: 3, items: 32, text: 256 },
    Bounds { depth: 2, items: 32, text: 128 },
    Bounds { depth: 1, items: 16, text: 64 },
];

const LONGEST_NAME: usize = 128;

/// The value in at most `max` bytes of JSON: what is too large is kept shallower, with shorter lists and strings.
/// Members that are `null` are left out: Shodan writes them and leaves them out at will. `None`: nothing fits.
pub(super) fn keep(raw: &RawValue, max: usize) -> Option<Value> {
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    let mut value = Keep(BOUNDS[0]).deserialize(&mut deserializer).ok()?;
    for bounds in &BOUNDS[1..] {
        if size(&value) <= max {
            return Some(value);
        }
        cut(&mut value, *bounds);
    }
    (size(&value) <= max).then_some(value)
}

/// How many bytes the value takes as JSON.
pub(super) fn size(value: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}

fn cut(value: &mut Value, bounds: Bounds) {
    let inner = Bounds { depth: bounds.depth.saturating_sub(1), ..bounds };
    match value {
        Value::String(text) if text.len() > bounds.text => *text = block(text, bounds.text),
        Value::Array(items) => {
            items.truncate(if bounds.depth == 0 { 0 } else { bounds.items });
            for item in items {
                cut(item, inner);
            }
        }
        Value::Object(members) => {
            let kept = if bounds.depth == 0 { 0 } else { bounds.items };
            let members_then = std::mem::take(members);
            members.extend(members_then.into_iter().take(kept).map(|(name, mut member)| {
                cut(&mut member, inner);
                (name, member)
            }));
        }
        _ => {}
    }
}

/// Reads a value within bounds; what is beyond them is passed over unread.
struct Keep(Bounds);

impl Keep {
    fn inner(&self) -> Self {
        Self(Bounds { depth: self.0.depth.saturating_sub(1), ..self.0 })
    }
}

impl<'de> DeserializeSeed<'de> for Keep {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keep {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(block(text, self.0.text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while self.0.depth > 0 && items.len() < self.0.items {
            match seq.next_element_seed(self.inner())? {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        // Sorted, so that what is cut does not depend on the order in which the members came.
        let mut members = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if self.0.depth == 0 {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let member = map.next_value_seed(self.inner())?;
            if !member.is_null() {
                members.insert(block(&name, LONGEST_NAME), member);
            }
            if members.len() > self.0.items {
                members.pop_last();
            }
        }
        Ok(Value::Object(members.into_iter().collect::<Map<_, _>>()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(json: &str, max: usize) -> Option<Value> {
        keep(&RawValue::from_string(json.to_owned()).unwrap(), max)
    }

    #[test]
    fn small_values_are_kept_as_they_are_without_their_nulls() {
        let json =
            r#"{"code":0,"messages":[{"topic":"a","payload":null}],"big":18446744073709551616,"raw":"a\u0000b"}"#;
        let expected =
            json!({"code": 0, "messages": [{"topic": "a"}], "big": 18_446_744_073_709_551_616.0, "raw": "a.b"});
        assert_eq!(kept(json, 4096), Some(expected));
    }

    #[test]
    fn what_is_too_large_is_kept_shallower() {
        let index = format!(r#"{{"uuid":"{}","shards":{{"a":1}}}}"#, "x".repeat(300));
        let indices: Vec<String> = (0..30).map(|n| format!(r#""index-{n}":{index}"#)).collect();
        let value = kept(&format!(r#"{{"indices":{{{}}}}}"#, indices.join(",")), 1024).unwrap();
        assert_eq!(value["indices"].as_object().unwrap().len(), 30, "the names are what counts");
        assert!(size(&value) <= 1024);
    }

    #[test]
    fn hostile_values_are_bounded() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(50_000), "1".to_owned() + &"}".repeat(50_000));
        assert!(size(&kept(&deep, 4096).unwrap()) <= 4096);
        let wide: Vec<String> = (0..50_000).map(|n| format!(r#""{n}":[{n}]"#)).collect();
        assert!(size(&kept(&format!("{{{}}}", wide.join(",")), 4096).unwrap()) <= 4096);
        assert_eq!(kept("1e999", 4096), None);
    }
}
