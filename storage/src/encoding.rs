//! A row as bytes: made to be decoded fast, because every page of findings decodes its rows.
//!
//! Layout: format (1 byte), version (8), number of columns (1), then per column the name's length (1), the name, the
//! kind (1) and the value; text and bytes carry their length (4). Numbers are little-endian.

use app::ports::{Columns, StoreError, Value};

const FORMAT: u8 = 1;
const TEXT: u8 = 0;
const INT: u8 = 1;
const FALSE: u8 = 2;
const TRUE: u8 = 3;
const BYTES: u8 = 4;

/// Encodes a row that the limits let through (≤ 252 columns with names of ≤ 255 bytes, values of ≤ 128 KiB).
#[expect(clippy::cast_possible_truncation, reason = "the limits are checked before, far below 2^8 and 2^32")]
pub(crate) fn encode(version: u64, columns: &Columns) -> Vec<u8> {
    let mut out =
        Vec::with_capacity(10 + columns.iter().map(|(name, value)| 6 + name.len() + size(value)).sum::<usize>());
    out.push(FORMAT);
    out.extend_from_slice(&version.to_le_bytes());
    out.push(columns.len() as u8);
    let sized = |out: &mut Vec<u8>, kind: u8, bytes: &[u8]| {
        out.push(kind);
        out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        out.extend_from_slice(bytes);
    };
    for (name, value) in columns {
        out.push(name.len() as u8);
        out.extend_from_slice(name.as_bytes());
        match value {
            Value::Text(text) => sized(&mut out, TEXT, text.as_bytes()),
            Value::Bytes(bytes) => sized(&mut out, BYTES, bytes),
            Value::Int(int) => {
                out.push(INT);
                out.extend_from_slice(&int.to_le_bytes());
            }
            Value::Bool(yes) => out.push(if *yes { TRUE } else { FALSE }),
        }
    }
    out
}

/// The version of an encoded row, without decoding the rest.
pub(crate) fn version(row: &[u8]) -> Result<u64, StoreError> {
    head(row).map(|(version, _)| version).ok_or_else(unreadable)
}

/// The version and the columns of an encoded row.
pub(crate) fn decode(row: &[u8]) -> Result<(u64, Columns), StoreError> {
    let read = || {
        let (version, mut rest) = head(row)?;
        let count = take::<1>(&mut rest)?[0];
        let mut columns = Vec::with_capacity(count.into());
        for _ in 0..count {
            columns.push(column(&mut rest)?);
        }
        rest.is_empty().then_some((version, columns))
    };
    read().ok_or_else(unreadable)
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Int(_) | Value::Bool(_) => 8,
    }
}

fn unreadable() -> StoreError {
    StoreError::Corrupt("a row in the data directory has another format".into())
}

fn head(mut row: &[u8]) -> Option<(u64, &[u8])> {
    let [FORMAT] = take::<1>(&mut row)? else { return None };
    Some((u64::from_le_bytes(take(&mut row)?), row))
}

fn column(rest: &mut &[u8]) -> Option<(String, Value)> {
    let [length] = take::<1>(rest)?;
    let name = text(slice(rest, length.into())?)?;
    let [kind] = take::<1>(rest)?;
    let value = match kind {
        TEXT => Value::Text(text(sized(rest)?)?),
        BYTES => Value::Bytes(sized(rest)?.to_vec()),
        INT => Value::Int(i64::from_le_bytes(take(rest)?)),
        FALSE => Value::Bool(false),
        TRUE => Value::Bool(true),
        _ => return None,
    };
    Some((name, value))
}

fn sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_le_bytes(take(rest)?);
    slice(rest, usize::try_from(length).ok()?)
}

fn slice<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (first, others) = rest.split_at_checked(length)?;
    *rest = others;
    Some(first)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, others) = rest.split_first_chunk::<N>()?;
    *rest = others;
    Some(*first)
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        vec![
            ("text".into(), Value::Text("é😀\0".into())),
            ("empty".into(), Value::Text(String::new())),
            ("least".into(), Value::Int(i64::MIN)),
            ("yes".into(), Value::Bool(true)),
            ("no".into(), Value::Bool(false)),
            ("bytes".into(), Value::Bytes(vec![0, 255])),
        ]
    }

    #[test]
    fn what_was_encoded_is_decoded() {
        let row = encode(u64::MAX, &columns());
        assert_eq!(decode(&row).unwrap(), (u64::MAX, columns()));
        assert_eq!(version(&row).unwrap(), u64::MAX);
        assert_eq!(decode(&encode(0, &vec![])).unwrap(), (0, vec![]));
    }

    #[test]
    fn a_damaged_row_is_an_error_and_never_a_panic() {
        let row = encode(7, &columns());
        for end in 0..row.len() {
            assert!(decode(&row[..end]).is_err(), "cut at {end}");
        }
        assert!(decode(&[row.as_slice(), &[0]].concat()).is_err(), "something behind it");
        for at in 0..row.len() {
            let mut damaged = row.clone();
            damaged[at] ^= 0xff;
            let _may_be_either = decode(&damaged);
        }
    }
}
