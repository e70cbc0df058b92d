//! How things become rows: one JSON text in `data` (cut into pieces where it is long), the layout's version in `v`.
//!
//! Readers accept this version and the one before; writers write this one.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ports::{Columns, Row, RowRange, StoreError, Table, Tables, Value, WriteRow};

/// The layout that is written.
pub const VERSION: i64 = 1;

/// A text column holds at most 32 768 UTF-16 units.
const PIECE: usize = 32_000;

/// The row of a thing.
pub fn encode<T: Serialize>(key: impl Into<String>, thing: &T) -> Result<WriteRow, StoreError> {
    encode_with(key, thing, Vec::new())
}

/// The row of a thing, with further columns before it.
pub fn encode_with<T: Serialize>(
    key: impl Into<String>,
    thing: &T,
    mut columns: Columns,
) -> Result<WriteRow, StoreError> {
    let text = serde_json::to_string(thing).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    columns.push(("v".into(), Value::Int(VERSION)));
    for (number, piece) in pieces(&text).enumerate() {
        let name = if number == 0 { "data".to_owned() } else { format!("data{number}") };
        columns.push((name, Value::Text(piece.to_owned())));
    }
    Ok(WriteRow { key: key.into(), columns })
}

/// How long a row's texts are together, in bytes: at least as much as they have UTF-16 units.
pub(crate) fn text_len(row: &WriteRow) -> usize {
    let texts = row.columns.iter().filter_map(|(_, value)| match value {
        Value::Text(text) => Some(text.len()),
        _ => None,
    });
    texts.sum()
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    let mut first = true;
    std::iter::from_fn(move || {
        if rest.is_empty() && !first {
            return None;
        }
        first = false;
        let mut end = rest.len().min(PIECE);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, later) = rest.split_at(end);
        rest = later;
        Some(piece)
    })
}

/// The thing of a row.
pub fn decode<T: DeserializeOwned>(row: &Row) -> Result<T, StoreError> {
    let corrupt = |why: String| StoreError::Corrupt(format!("row {:?}: {why}", row.key));
    match row.column("v") {
        Some(Value::Int(v)) if (VERSION - 1..=VERSION).contains(v) => {}
        Some(Value::Int(v)) => {
            return Err(corrupt(format!("layout {v} is not one that this program reads (up to {VERSION})")));
        }
        _ => return Err(corrupt("no layout version".into())),
    }
    let text = |name: &str| match row.column(name) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let first = text("data").ok_or_else(|| corrupt("no data".into()))?;
    let parsed = if row.column("data1").is_none() {
        serde_json::from_str(first)
    } else {
        let mut whole = first.to_owned();
        for number in 1.. {
            match text(&format!("data{number}")) {
                Some(piece) => whole.push_str(piece),
                None => break,
            }
        }
        serde_json::from_str(&whole)
    };
    parsed.map_err(|e| corrupt(e.to_string()))
}

/// All rows of a partition whose keys begin so, by key.
pub async fn all(tables: &dyn Tables, table: Table, partition: &str, prefix: &str) -> Result<Vec<Row>, StoreError> {
    whole(tables, table, partition, RowRange::prefix(prefix, 1000)).await
}

/// All rows of a partition from one key to another, both included, by key.
pub async fn between(
    tables: &dyn Tables,
    table: Table,
    partition: &str,
    from: String,
    last: &str,
) -> Result<Vec<Row>, StoreError> {
    // Keys hold no control characters: behind the last one comes nothing before this.
    whole(tables, table, partition, RowRange { from, to: Some(format!("{last} ")), limit: 1000 }).await
}

async fn whole(
    tables: &dyn Tables,
    table: Table,
    partition: &str,
    mut range: RowRange,
) -> Result<Vec<Row>, StoreError> {
    let mut found = Vec::new();
    loop {
        let page = tables.range(table, partition, range.clone()).await?;
        found.extend(page.rows);
        match page.next {
            Some(next) => range.from = next,
            None => return Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Etag;

    #[test]
    fn long_things_are_cut_and_come_back_whole() {
        let thing = vec!["ä".repeat(50_000), "x".into()];
        let written = encode("k", &thing).unwrap();
        assert!(written.columns.len() > 3);
        for (_, value) in &written.columns {
            if let Value::Text(text) = value {
                assert!(text.encode_utf16().count() <= 32_768);
            }
        }
        let row = Row { key: written.key, columns: written.columns, etag: Etag("1".into()) };
        assert_eq!(decode::<Vec<String>>(&row).unwrap(), thing);
    }

    #[test]
    fn a_newer_layout_is_refused() {
        let row = Row {
            key: "k".into(),
            columns: vec![("v".into(), Value::Int(VERSION + 1)), ("data".into(), Value::Text("1".into()))],
            etag: Etag("1".into()),
        };
        assert!(decode::<u8>(&row).is_err());
    }
}
