use anyhow::Result;
use app::ports::Value;
use storage::Embedded;
use storage::archive::Record;

/// What Azure adds to every row: its timestamp and its version, and names of properties.
const OF_A_ROW: usize = 100;

/// Bytes that the rows of a store take in tables: texts have two a character there.
pub(super) fn kept(store: &Embedded) -> Result<usize> {
    let mut bytes = 0;
    for record in store.snapshot()?.records() {
        let Record::Row { partition, key, columns, .. } = record? else { continue };
        let columns = columns.iter().map(|(name, value)| 2 * name.len() + of(value));
        bytes += OF_A_ROW + 2 * (partition.len() + key.len()) + columns.sum::<usize>();
    }
    Ok(bytes)
}

fn of(value: &Value) -> usize {
    match value {
        Value::Text(text) => 2 * text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Int(_) => 8,
        Value::Bool(_) => 1,
    }
}
