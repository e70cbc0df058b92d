use std::collections::BTreeSet;

use crate::ports::{Batch, Op, Refusal, Value, WriteRow};

/// What no store could keep, so that a test cannot get by with it either.
pub(super) fn check(batch: &Batch) -> Result<(), Refusal> {
    if batch.ops.is_empty() || batch.ops.len() > 100 {
        return Err(Refusal::Batch("it must have 1 to 100 changes"));
    }
    key(&batch.partition)?;
    let mut seen = BTreeSet::new();
    let mut size = 0;
    for op in &batch.ops {
        key(op.key())?;
        if !seen.insert(op.key()) {
            return Err(Refusal::Batch("it names a row twice"));
        }
        if let Op::Insert(written) | Op::Replace(written, _) | Op::Upsert(written) = op {
            size += row(written)?;
        }
    }
    if size > 4 << 20 { Err(Refusal::Batch("it is larger than 4 MiB")) } else { Ok(()) }
}

pub(super) fn key(key: &str) -> Result<(), Refusal> {
    let refuse = |why| Err(Refusal::Key { key: key.to_owned(), why });
    if key.chars().any(|c| "/\\#?".contains(c) || c.is_control()) {
        return refuse("it has a character that Azure refuses");
    }
    if key.encode_utf16().count() > 512 { refuse("it is longer than 512 characters") } else { Ok(()) }
}

fn row(row: &WriteRow) -> Result<usize, Refusal> {
    let refuse = |why| Err(Refusal::Row { key: row.key.clone(), why });
    if row.columns.len() > 252 {
        return refuse("it has more than 252 columns");
    }
    let mut size = 0;
    for (name, value) in &row.columns {
        size += column(name, value)?;
    }
    if size > 1 << 20 { refuse("it is larger than 1 MiB") } else { Ok(size) }
}

fn column(name: &str, value: &Value) -> Result<usize, Refusal> {
    let refuse = |why| Err(Refusal::Column { column: name.to_owned(), why });
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !name.starts_with(letter) || !name.chars().all(|c| letter(c) || c.is_ascii_digit()) || name.len() > 255 {
        return refuse("its name is not an identifier");
    }
    let size = match value {
        Value::Text(text) => 2 * text.encode_utf16().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Int(_) | Value::Bool(_) => 8,
    };
    if size > 64 << 10 { refuse("its value is larger than 64 KiB") } else { Ok(size + 2 * name.len()) }
}
