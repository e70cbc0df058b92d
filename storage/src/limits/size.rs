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

/// UTF-16 units. Nearly all that is stored is ASCII, which need not be counted.
pub(super) fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
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

/// Bytes that a byte of text becomes in JSON.
const IN_JSON: [u8; 256] = {
    let mut sizes = [1; 256];
    let mut control = 0;
    while control < 0x20 {
        sizes[control] = 6;
        control += 1;
    }
    let short = *b"\"\\\n\r\t\x08\x0c";
    let mut at = 0;
    while at < short.len() {
        sizes[short[at] as usize] = 2;
        at += 1;
    }
    sizes
};

fn quoted(text: &str) -> usize {
    let escaped: usize = text.bytes().map(|byte| usize::from(IN_JSON[usize::from(byte)])).sum();
    // Line ends that JavaScript takes for such: three bytes, escaped they are six.
    let ends = if text.is_ascii() { 0 } else { text.matches(['\u{2028}', '\u{2029}']).count() };
    2 + escaped + 3 * ends
}

fn in_address(key: &str) -> usize {
    key.bytes().map(|byte| if byte.is_ascii_alphanumeric() { 1 } else { 3 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_as_long_as_json_and_utf_16_make_them() {
        let all_controls: String = (0_u8..0x80).map(char::from).collect();
        for text in ["", "plain", "\"quoted\\\"", "Grüße, 東京", "🦀\u{10ffff}", "\u{7f}\u{80}", &all_controls] {
            assert_eq!(quoted(text), serde_json::to_string(text).unwrap().len(), "{text:?}");
            assert_eq!(units(text), text.encode_utf16().count(), "{text:?}");
        }
        // Some writers of JSON escape these, so they count as if all did.
        assert_eq!(quoted("a\u{2028}b\u{2029}"), 2 + 2 + 2 * 6);
    }
}
