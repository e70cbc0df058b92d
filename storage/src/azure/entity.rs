//! A row as Azure's JSON: 64-bit integers as text, bytes as base64, both with the type beside them.

use std::collections::HashMap;
use std::fmt;

use app::ports::{Columns, Etag, Row, StoreError, Value, WriteRow};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A row to be written.
pub(super) struct Written<'a> {
    pub(super) partition: &'a str,
    pub(super) row: &'a WriteRow,
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("PartitionKey", self.partition)?;
        map.serialize_entry("RowKey", &self.row.key)?;
        for (name, value) in &self.row.columns {
            match value {
                Value::Text(text) => map.serialize_entry(name, text)?,
                Value::Bool(yes) => map.serialize_entry(name, yes)?,
                // As a number it would lose what is above 2^53.
                Value::Int(int) => typed(&mut map, name, "Edm.Int64", &int.to_string())?,
                Value::Bytes(bytes) => typed(&mut map, name, "Edm.Binary", &BASE64_STANDARD.encode(bytes))?,
            }
        }
        map.end()
    }
}

fn typed<M: SerializeMap>(map: &mut M, name: &str, kind: &str, value: &str) -> Result<(), M::Error> {
    map.serialize_entry(&format!("{name}@odata.type"), kind)?;
    map.serialize_entry(name, value)
}

/// A row as it came, before its types are known: an annotation may stand before or after its column.
#[derive(Debug, Default)]
pub(super) struct Stored {
    partition: String,
    key: String,
    etag: Option<String>,
    columns: Vec<(String, serde_json::Value)>,
    types: HashMap<String, String>,
}

impl Stored {
    /// The row with its partition, as a page over several of them brings it.
    pub(super) fn into_located(mut self) -> Result<(String, Row), StoreError> {
        let partition = std::mem::take(&mut self.partition);
        self.into_row(None).map(|row| (partition, row))
    }

    /// The row. `etag` is that of the answer's header; rows of a page bring their own.
    pub(super) fn into_row(self, etag: Option<String>) -> Result<Row, StoreError> {
        let Self { key, etag: own, columns, types, .. } = self;
        let corrupt = |why: &str| StoreError::Corrupt(format!("the row {key:?} has {why}"));
        let etag = etag.or(own).ok_or_else(|| corrupt("no etag"))?;
        let columns = columns.into_iter().map(|(name, value)| {
            let kind = types.get(&name).map(String::as_str);
            match column(kind, value) {
                Some(value) => Ok((name, value)),
                None => Err(corrupt(&format!("a column {name} of another type"))),
            }
        });
        let columns = columns.collect::<Result<Columns, _>>()?;
        Ok(Row { key, columns, etag: Etag(etag) })
    }
}

fn column(kind: Option<&str>, value: serde_json::Value) -> Option<Value> {
    use serde_json::Value as Json;
    match (kind, value) {
        (Some("Edm.Int64"), Json::String(text)) => text.parse().ok().map(Value::Int),
        (Some("Edm.Binary"), Json::String(text)) => BASE64_STANDARD.decode(text).ok().map(Value::Bytes),
        (None | Some("Edm.String"), Json::String(text)) => Some(Value::Text(text)),
        (None | Some("Edm.Boolean"), Json::Bool(yes)) => Some(Value::Bool(yes)),
        (None | Some("Edm.Int32" | "Edm.Int64"), Json::Number(number)) => number.as_i64().map(Value::Int),
        _ => None,
    }
}

impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Properties)
    }
}

/// Keeps the order of the properties, which a map of `serde_json` would not.
struct Properties;

impl<'de> Visitor<'de> for Properties {
    type Value = Stored;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entity")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Stored, A::Error> {
        let mut stored = Stored::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "PartitionKey" => stored.partition = map.next_value()?,
                "RowKey" => stored.key = map.next_value()?,
                "odata.etag" => stored.etag = Some(map.next_value()?),
                "Timestamp" => drop(map.next_value::<serde_json::Value>()?),
                _ if name.starts_with("odata.") => drop(map.next_value::<serde_json::Value>()?),
                _ => {
                    if let Some(column) = name.strip_suffix("@odata.type") {
                        stored.types.insert(column.to_owned(), map.next_value()?);
                    } else {
                        stored.columns.push((name, map.next_value()?));
                    }
                }
            }
        }
        Ok(stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        vec![
            ("z".into(), Value::Int(i64::MAX)),
            ("text".into(), Value::Text("\"12\"\n\u{1}é😀".into())),
            ("digits".into(), Value::Text("12".into())),
            ("yes".into(), Value::Bool(true)),
            ("bytes".into(), Value::Bytes(vec![0, 254, 255])),
            ("nothing".into(), Value::Bytes(vec![])),
        ]
    }

    #[test]
    fn a_row_comes_back_as_it_was_written_in_its_order() {
        let row = WriteRow { key: "it's".into(), columns: columns() };
        let json = serde_json::to_string(&Written { partition: "p", row: &row }).unwrap();
        assert!(json.contains(r#""z@odata.type":"Edm.Int64","z":"9223372036854775807""#), "{json}");
        let stored: Stored = serde_json::from_str(&json).unwrap();
        let read = stored.into_row(Some("W/1".into())).unwrap();
        assert_eq!(read, Row { key: "it's".into(), columns: columns(), etag: Etag("W/1".into()) });
    }

    #[test]
    fn annotations_may_come_late_and_what_is_azures_own_is_left_out() {
        let json = r#"{"odata.etag":"W/2","PartitionKey":"p","RowKey":"r","n":"5","n@odata.type":"Edm.Int64",
            "Timestamp":"2026-01-01T00:00:00Z","Timestamp@odata.type":"Edm.DateTime","odata.id":"x","small":7}"#;
        let row = serde_json::from_str::<Stored>(json).unwrap().into_row(None).unwrap();
        assert_eq!(row.columns, vec![("n".into(), Value::Int(5)), ("small".into(), Value::Int(7))]);
        assert_eq!(row.etag, Etag("W/2".into()));
    }

    #[test]
    fn what_is_of_another_type_is_corrupt() {
        for json in [
            r#"{"odata.etag":"W/2","RowKey":"r","n":1.5}"#,
            r#"{"odata.etag":"W/2","RowKey":"r","n":"x","n@odata.type":"Edm.Int64"}"#,
            r#"{"odata.etag":"W/2","RowKey":"r","n":"%","n@odata.type":"Edm.Binary"}"#,
            r#"{"odata.etag":"W/2","RowKey":"r","n":"2026","n@odata.type":"Edm.DateTime"}"#,
            r#"{"RowKey":"r"}"#,
        ] {
            let stored: Stored = serde_json::from_str(json).unwrap();
            assert!(matches!(stored.into_row(None), Err(StoreError::Corrupt(_))), "{json}");
        }
    }
}
