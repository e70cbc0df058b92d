//! How large Azure counts a row and a batch to be.

use app::ports::{Batch, Op, Value, WriteRow};

use super::written;

/// What one change costs in a batch's request beside its address, its etag and its row: two boundaries' share, the
/// request line and the headers, with an endpoint of up to 128 characters (measured: 330 with Azurite's).
const CHANGE_OVERHEAD: usize = 460;

/// A row by Azure's own formula: text and names count as UTF-16.
pub(super) fn of_row(partition: &str, row: &WriteRow) -> usize {
    let keys = 4 + 2 * (units(partition) + units(&row.key));
    let columns = row.columns.iter().map(|(name, value)| {
        let value = match value {
            Value::Text(text) => 4 + 2 * units(text),
            Value::Int(_) => 8,
            Value::Bool(_) => 1,
            Value::Bytes(bytes) => 4 + bytes.len(),
        };
        8 + 2 * name.len() + value
    });
    keys + columns.sum::<usize>()
}

/// A batch as the multipart request that carries it: never less than it really is, and little more.
pub(crate) fn on_the_wire(batch: &Batch) -> usize {
    let partition = in_address(&batch.partition);
    let changes = batch.ops.iter().map(|op| {
        let etag = match op {
            Op::Replace(_, etag) => etag.0.len(),
            Op::Delete { etag, .. } => etag.as_ref().map_or(1, |etag| etag.0.len()),
            Op::Insert(_) | Op::Upsert(_) => 0,
        };
        let row = written(op).map_or(0, |row| in_json(&batch.partition, row));
        CHANGE_OVERHEAD + partition + in_address(op.key()) + etag + row
    });
    256 + changes.sum::<usize>()
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The row as JSON with the type annotations that it needs.
fn in_json(partition: &str, row: &WriteRow) -> usize {
    let columns = row.columns.iter().map(|(name, value)| match value {
        Value::Text(text) => name.len() + 4 + quoted(text),
        Value::Int(_) => 2 * name.len() + 54,
        Value::Bool(_) => name.len() + 9,
        Value::Bytes(bytes) => 2 * name.len() + 36 + bytes.len().div_ceil(3) * 4,
    });
    32 + quoted(partition) + quoted(&row.key) + columns.sum::<usize>()
}

fn quoted(text: &str) -> usize {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..' ' | '\u{2028}' | '\u{2029}' => 6,
        c => c.len_utf8(),
    });
    2 + escaped.sum::<usize>()
}

fn in_address(key: &str) -> usize {
    key.bytes().map(|byte| if byte.is_ascii_alphanumeric() { 1 } else { 3 }).sum()
}
