use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::finding::Finding;

use super::entry::Entry;
use super::snapshot::Snapshot;

/// Findings that lists have shown, so that the page that everybody looks at is read and parsed once.
///
/// They are known by the directory's snapshot: whatever changes a finding makes a new one, and what was known by the
/// old is not found any more.
#[derive(Default)]
pub(crate) struct Shown(Mutex<Generations>);

type Key = (u64, u128, u64);

/// What was shown lately, and what was before that: the older goes when the younger is full.
#[derive(Default)]
struct Generations {
    younger: HashMap<Key, Arc<Finding>>,
    older: HashMap<Key, Arc<Finding>>,
}

/// A generation holds so many findings, of some kilobytes each.
const MOST: usize = 512;

impl Shown {
    /// A finding as it was when the snapshot was made, or later.
    pub(crate) fn get(&self, snapshot: &Snapshot, entry: &Entry) -> Option<Arc<Finding>> {
        let key = key(snapshot, entry);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.younger.get(&key) {
            return Some(Arc::clone(found));
        }
        let found = known.older.remove(&key)?;
        known.keep(key, Arc::clone(&found));
        Some(found)
    }

    /// Keeps a finding that was read after the snapshot was made.
    pub(crate) fn keep(&self, snapshot: &Snapshot, entry: &Entry, finding: &Arc<Finding>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.keep(key(snapshot, entry), Arc::clone(finding));
    }
}

impl Generations {
    fn keep(&mut self, key: Key, finding: Arc<Finding>) {
        if self.younger.len() >= MOST {
            self.older = std::mem::take(&mut self.younger);
        }
        self.younger.insert(key, finding);
    }
}

fn key(snapshot: &Snapshot, entry: &Entry) -> Key {
    (snapshot.serial, entry.birth, entry.fingerprint)
}
