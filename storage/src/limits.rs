//! What Azure Tables and Queues can keep, as pure checks. Both stores ask them before anything else, so that a
//! refusal never depends on where the data lie. Nothing here knows a store.
//!
//! The numbers are those of "Understanding the Table service data model" and "Put Message" in Azure's documentation.

use std::collections::HashSet;
use std::time::Duration;

use app::ports::{Batch, Op, Refusal, Value, WriteRow};

mod size;

pub(crate) use self::size::on_the_wire;

/// Longest partition or row key, in UTF-16 units.
pub const KEY_UNITS: usize = 512;
/// Most columns of a row, beside its keys and timestamp.
pub const COLUMNS: usize = 252;
/// Longest name of a column, in characters.
pub const COLUMN_NAME: usize = 255;
/// Longest text of a column, in UTF-16 units.
pub const TEXT_UNITS: usize = 32_768;
/// Most bytes of a binary column.
pub const BYTES: usize = 65_536;
/// Largest row, counted as Azure counts (text as UTF-16).
pub const ROW_BYTES: usize = 1_048_576;
/// Most changes of a batch.
pub const BATCH_OPS: usize = 100;
/// Largest batch, counted as the request that carries it.
pub const BATCH_BYTES: usize = 4_194_304;
/// Largest message before base64, which makes 64 KiB of it.
pub const MESSAGE_BYTES: usize = 49_152;
/// Longest time for which a message can be hidden.
pub const LONGEST_HIDING: Duration = Duration::from_hours(7 * 24);
/// Most messages that are received at once.
pub const MESSAGES: usize = 32;

/// Checks a partition or row key.
pub fn key(key: &str) -> Result<(), Refusal> {
    let why = if size::units(key) > KEY_UNITS {
        "it is longer than 512 characters"
    } else if key.contains(['/', '\\', '#', '?']) {
        "it has one of / \\ # ?"
    } else if key.chars().any(char::is_control) {
        "it has a control character"
    } else {
        return Ok(());
    };
    // A key may be a megabyte of somebody's input; the start is enough to recognise it.
    Err(Refusal::Key { key: key.chars().take(64).collect(), why })
}

/// Checks the keys of one row.
pub fn place(partition: &str, row: &str) -> Result<(), Refusal> {
    key(partition)?;
    key(row)
}

/// Checks the keys of several rows of one partition.
pub fn places(partition: &str, rows: &[String]) -> Result<(), Refusal> {
    key(partition)?;
    rows.iter().try_for_each(|row| key(row))
}

/// Checks a batch with all that it writes, and that its witness is something that it writes.
pub fn batch(batch: &Batch) -> Result<(), Refusal> {
    if batch.ops.is_empty() {
        return Err(Refusal::Batch("it is empty"));
    }
    if batch.ops.len() > BATCH_OPS {
        return Err(Refusal::Batch("it has more than 100 changes"));
    }
    key(&batch.partition)?;
    let mut seen = HashSet::with_capacity(batch.ops.len());
    for op in &batch.ops {
        key(op.key())?;
        if !seen.insert(op.key()) {
            return Err(Refusal::Batch("it names a row twice"));
        }
        if let Some(written) = written(op) {
            row(&batch.partition, written)?;
        }
    }
    if on_the_wire(batch) > BATCH_BYTES {
        return Err(Refusal::Batch("it is larger than 4 MiB"));
    }
    witness(batch)
}

/// Checks a message that is to be put.
pub fn message(body: &str, delay: Duration) -> Result<(), Refusal> {
    if body.len() > MESSAGE_BYTES {
        return Err(Refusal::Message("it is larger than 48 KiB"));
    }
    if delay > LONGEST_HIDING {
        return Err(Refusal::Message("its delay is longer than 7 days"));
    }
    Ok(())
}

/// Queues count in whole seconds: never shorter than asked.
pub fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)))
}

/// How long a received message is hidden: as asked, but 1 s at least and 7 days at most.
pub fn visibility(asked: Duration) -> Duration {
    whole_seconds(asked).clamp(Duration::from_secs(1), LONGEST_HIDING)
}

/// The row that a change writes, unless it deletes.
fn written(op: &Op) -> Option<&WriteRow> {
    match op {
        Op::Insert(row) | Op::Replace(row, _) | Op::Upsert(row) => Some(row),
        Op::Delete { .. } => None,
    }
}

fn row(partition: &str, row: &WriteRow) -> Result<(), Refusal> {
    if row.columns.len() > COLUMNS {
        return Err(Refusal::Row { key: row.key.clone(), why: "it has more than 252 columns" });
    }
    let mut seen = HashSet::with_capacity(row.columns.len());
    for (name, value) in &row.columns {
        let why = if let Some(why) = name_fault(name) {
            why
        } else if !seen.insert(name) {
            "the row has it twice"
        } else {
            match value {
                Value::Text(text) if size::units(text) > TEXT_UNITS => "its text is longer than 32 768 UTF-16 units",
                Value::Bytes(bytes) if bytes.len() > BYTES => "it is larger than 64 KiB",
                _ => continue,
            }
        };
        return Err(Refusal::Column { column: name.chars().take(64).collect(), why });
    }
    if size::of_row(partition, row) > ROW_BYTES {
        return Err(Refusal::Row { key: row.key.clone(), why: "it is larger than 1 MiB" });
    }
    Ok(())
}

fn name_fault(name: &str) -> Option<&'static str> {
    let plain = |c: char| c == '_' || c.is_ascii_alphanumeric();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(plain) {
        Some("its name is not letters, digits and underscores")
    } else if name.len() > COLUMN_NAME {
        Some("its name is longer than 255 characters")
    } else if ["PartitionKey", "RowKey", "Timestamp"].contains(&name) {
        Some("its name belongs to the store")
    } else {
        None
    }
}

/// A witness that the batch does not write would call every lost answer a failure.
fn witness(batch: &Batch) -> Result<(), Refusal> {
    let Some(witness) = &batch.witness else { return Ok(()) };
    let testifies = |row: &WriteRow| {
        row.key == witness.row
            && row.columns.iter().any(|(name, value)| {
                *name == witness.column && matches!(value, Value::Text(text) if text.contains(&witness.id))
            })
    };
    if witness.id.is_empty() || !batch.ops.iter().filter_map(written).any(testifies) {
        return Err(Refusal::Batch("its witness is not what it writes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
