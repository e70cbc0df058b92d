use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::chunk::decode;
use super::entry::Entry;
use super::shown::Shown;
use super::snapshot::Snapshot;
use crate::assets::Registers;
use crate::ports::{StoreError, Table, Tables, Value};

type Chunk = (u64, Arc<Vec<Entry>>);
type Kept = (Vec<u64>, Arc<Snapshot>);

/// The chunks and snapshots that this process has read, by partition and version.
#[derive(Default)]
pub struct Directories {
    chunks: Mutex<HashMap<(String, u16), Chunk>>,
    snapshots: Mutex<HashMap<String, Kept>>,
    registers: Registers,
    shown: Shown,
    serial: AtomicU64,
}

/// A process remembers so many buckets; then it starts anew.
const MANY: usize = 256;

impl Directories {
    /// The directories of assets.
    pub(crate) const fn registers(&self) -> &Registers {
        &self.registers
    }

    /// Findings that lists have shown.
    pub(crate) const fn shown(&self) -> &Shown {
        &self.shown
    }

    /// The key of a chunk's row.
    pub fn row(chunk: u16) -> String {
        format!("i|{chunk:05}")
    }

    /// The directory of a partition at the versions that its head names.
    pub async fn snapshot(
        &self,
        tables: &dyn Tables,
        partition: &str,
        versions: &[u64],
    ) -> Result<Arc<Snapshot>, StoreError> {
        if let Some((known, snapshot)) = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner).get(partition)
            && known == versions
        {
            return Ok(Arc::clone(snapshot));
        }
        let all: Vec<u16> = (0..u16::try_from(versions.len()).unwrap_or(u16::MAX)).collect();
        let chunks = self.chunks(tables, partition, versions, &all).await?;
        let snapshot = Arc::new(Snapshot::of(self.serial.fetch_add(1, Ordering::Relaxed), &chunks));
        let mut snapshots = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        if snapshots.len() >= MANY {
            snapshots.clear();
        }
        snapshots.insert(partition.to_owned(), (versions.to_vec(), Arc::clone(&snapshot)));
        Ok(snapshot)
    }

    /// Some chunks, at the versions that the head names.
    pub async fn chunks(
        &self,
        tables: &dyn Tables,
        partition: &str,
        versions: &[u64],
        wanted: &[u16],
    ) -> Result<Vec<Arc<Vec<Entry>>>, StoreError> {
        let mut found: HashMap<u16, Arc<Vec<Entry>>> = HashMap::new();
        {
            let chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
            for &number in wanted {
                let version = versions.get(usize::from(number)).copied();
                if let Some((known, chunk)) = chunks.get(&(partition.to_owned(), number))
                    && Some(*known) == version
                {
                    found.insert(number, Arc::clone(chunk));
                }
            }
        }
        let missing: Vec<u16> = wanted.iter().copied().filter(|n| !found.contains_key(n)).collect();
        let keys: Vec<String> = missing.iter().map(|n| Self::row(*n)).collect();
        let rows =
            if keys.is_empty() { Vec::new() } else { tables.get_many(Table::Exposure, partition, &keys).await? };
        for (number, row) in missing.into_iter().zip(rows) {
            let row =
                row.ok_or_else(|| StoreError::Corrupt(format!("directory chunk {number} of {partition} is missing")))?;
            let (Some(Value::Int(version)), Some(Value::Bytes(bytes))) = (row.column("version"), row.column("entries"))
            else {
                return Err(StoreError::Corrupt(format!("directory chunk {number} of {partition} lacks columns")));
            };
            let chunk = Arc::new(decode(bytes)?);
            // A newer version than the head that was read: somebody wrote in between; the caller's commit will
            // meet a conflict, and a list shows the newer state.
            self.remember(partition, number, u64::try_from(*version).unwrap_or(0), Arc::clone(&chunk));
            found.insert(number, chunk);
        }
        Ok(wanted.iter().filter_map(|n| found.get(n).cloned()).collect())
    }

    /// Keeps a chunk that was just read or written.
    pub fn remember(&self, partition: &str, number: u16, version: u64, chunk: Arc<Vec<Entry>>) {
        let mut chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        if chunks.len() >= MANY * 16 {
            chunks.clear();
        }
        chunks.insert((partition.to_owned(), number), (version, chunk));
    }
}
