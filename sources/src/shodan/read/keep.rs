use std::collections::BTreeMap;
use std::fmt;

use domain::observation::{cut, is_cut};
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

/// The value in at most `max` bytes of JSON: what is too large is kept shallower and with shorter lists, and where
/// something is left out stands [`cut`]. Members that are `null` are left out: Shodan writes them and leaves them out at
/// will. `None`: it cannot be read.
pub(super) fn keep(raw: &RawValue, max: usize) -> Option<Value> {
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    let mut value = Keep(BOUNDS[0]).deserialize(&mut deserializer).ok()?;
    for bounds in &BOUNDS[1..] {
        if size(&value) <= max {
            return Some(value);
        }
        shrink(&mut value, *bounds);
    }
    Some(if size(&value) <= max { value } else { cut() })
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

fn shrink(value: &mut Value, bounds: Bounds) {
    let inner = Bounds { depth: bounds.depth.saturating_sub(1), ..bounds };
    match value {
        Value::String(text) if text.len() > bounds.text => *value = cut(),
        Value::Array(items) if bounds.depth == 0 && !items.is_empty() => *value = cut(),
        Value::Array(items) => {
            if items.len() > bounds.items {
                items.truncate(bounds.items);
                items.push(cut());
            }
            for item in items {
                shrink(item, inner);
            }
        }
        Value::Object(members) if members.is_empty() => {}
        Value::Object(members) if bounds.depth == 0 || members.len() > bounds.items => *value = cut(),
        Value::Object(members) => {
            for (_, member) in members.iter_mut().filter(|(_, member)| !is_cut(member)) {
                shrink(member, inner);
            }
        }
        _ => {}
    }
}

/// Reads a value within bounds; what is beyond them is passed over unread, and [`cut`] tells that it was there. Of a long
/// string the beginning is kept.
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
        if seq.next_element::<IgnoredAny>()?.is_none() {
            return Ok(Value::Array(items));
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        if self.0.depth == 0 {
            return Ok(cut());
        }
        items.push(cut());
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let (mut members, mut too_many) = (BTreeMap::new(), false);
        while let Some(name) = map.next_key::<String>()? {
            if too_many || self.0.depth == 0 {
                map.next_value::<IgnoredAny>()?;
                too_many = true;
                continue;
            }
            let member = map.next_value_seed(self.inner())?;
            if !member.is_null() {
                members.insert(block(&name, LONGEST_NAME), member);
            }
            too_many = members.len() > self.0.items;
        }
        // Which members came first says nothing, so none of too many is kept.
        Ok(if too_many { cut() } else { Value::Object(members.into_iter().collect::<Map<_, _>>()) })
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
    fn where_something_is_left_out_stands_that_it_was_there() {
        let long: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let list = kept(&format!(r#"{{"list":[{}]}}"#, long.join(",")), 4096).unwrap();
        let items = list["list"].as_array().unwrap();
        assert_eq!((items.len(), &items[63], &items[64]), (65, &json!(63), &cut()));
        let wide: Vec<String> = (0..100).map(|n| format!(r#""{n}":1"#)).collect();
        assert_eq!(
            kept(&format!(r#"{{"wide":{{{}}},"a":1}}"#, wide.join(",")), 4096),
            Some(json!({"wide": cut(), "a": 1}))
        );
        let deep = r#"{"a":{"b":{"c":{"d":{"e":{"f":{"g":1}, "h":{}}}}}}}"#;
        assert_eq!(kept(deep, 4096), Some(json!({"a": {"b": {"c": {"d": {"e": {"f": cut(), "h": {}}}}}}})));
        let large = format!(r#"{{"said":"{}","code":0}}"#, "x".repeat(900));
        assert_eq!(kept(&large, 512), Some(json!({"said": cut(), "code": 0})));
        let many: Vec<String> = (0..60).map(|n| format!(r#""{n}":"{}""#, "x".repeat(200))).collect();
        assert_eq!(kept(&format!("{{{}}}", many.join(",")), 4096), Some(cut()), "nothing of it is the rest");
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
