//! Random batches on the embedded store and on a simple model of it: both always agree.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use app::ports::{Columns, Commit, ConflictKind, Etag, Op, Row, RowRange, Table, Tables as _, Value, WriteRow};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use storage::Embedded;

use crate::{MovedClock, batch, conflict, row};

/// Few keys, so that changes meet.
const KEYS: [&str; 6] = ["a", "a!", "a'", "b", "", "é"];

/// A change before it is known which etags there are.
#[derive(Clone, Debug)]
enum Wish {
    Insert(Columns),
    Replace(Columns, Version),
    Upsert(Columns),
    Delete(Option<Version>),
}

/// Which version of the row to expect.
#[derive(Clone, Copy, Debug)]
enum Version {
    Current,
    First,
    Never,
}

#[derive(Default)]
struct Model {
    rows: BTreeMap<String, (Columns, Etag)>,
    first: BTreeMap<String, Etag>,
}

impl Model {
    fn op(&self, key: &str, wish: Wish) -> Op {
        let written = |columns| WriteRow { key: key.into(), columns };
        let etag = |version| match version {
            Version::Current => self.rows.get(key).map(|(_, etag)| etag.clone()),
            Version::First => self.first.get(key).cloned(),
            Version::Never => None,
        };
        let etag = |version| etag(version).unwrap_or(Etag("never".into()));
        match wish {
            Wish::Insert(columns) => Op::Insert(written(columns)),
            Wish::Replace(columns, version) => Op::Replace(written(columns), etag(version)),
            Wish::Upsert(columns) => Op::Upsert(written(columns)),
            Wish::Delete(version) => Op::Delete { key: key.into(), etag: version.map(etag) },
        }
    }

    fn commit(&self, ops: &[Op]) -> Commit {
        for (index, op) in ops.iter().enumerate() {
            let there = self.rows.get(op.key()).map(|(_, etag)| etag);
            let kind = match (op, there) {
                (Op::Insert(_), Some(_)) => ConflictKind::Exists,
                (Op::Replace(_, _) | Op::Delete { etag: Some(_), .. }, None) => ConflictKind::Missing,
                (Op::Replace(_, etag) | Op::Delete { etag: Some(etag), .. }, Some(there)) if etag != there => {
                    ConflictKind::Changed
                }
                _ => continue,
            };
            return conflict(index, kind);
        }
        Commit::Done
    }

    /// Applies a change; the etag is the store's, and must be new.
    fn apply(&mut self, op: &Op, stored: Option<Row>) {
        match op {
            Op::Insert(row) | Op::Replace(row, _) | Op::Upsert(row) => {
                let etag = stored.unwrap().etag;
                self.first.entry(row.key.clone()).or_insert_with(|| etag.clone());
                let before = self.rows.insert(row.key.clone(), (row.columns.clone(), etag.clone()));
                assert!(before.is_none_or(|(_, before)| before != etag), "an etag was given twice");
            }
            Op::Delete { key, .. } => {
                assert_eq!(stored, None);
                self.rows.remove(key);
            }
        }
    }

    fn range(&self, range: &RowRange) -> (Vec<Row>, Option<String>) {
        let within = |key: &str| key >= range.from.as_str() && range.to.as_deref().is_none_or(|to| key < to);
        let mut rows = self.rows.iter().filter(|(key, _)| within(key));
        let row = |(key, (columns, etag)): (&String, &(Columns, Etag))| Row {
            key: key.clone(),
            columns: columns.clone(),
            etag: etag.clone(),
        };
        let page = rows.by_ref().take(range.limit).map(row).collect();
        (page, rows.next().map(|(key, _)| key.clone()))
    }
}

fn columns() -> impl Strategy<Value = Columns> {
    let value = prop_oneof![
        ".{0,20}".prop_map(Value::Text),
        any::<i64>().prop_map(Value::Int),
        any::<bool>().prop_map(Value::Bool),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
    ];
    prop::collection::btree_map("[a-z]{1,3}", value, 0..4).prop_map(|columns| columns.into_iter().collect())
}

fn wish() -> impl Strategy<Value = Wish> {
    let version = || prop_oneof![5 => Just(Version::Current), 1 => Just(Version::First), 1 => Just(Version::Never)];
    prop_oneof![
        2 => columns().prop_map(Wish::Insert),
        2 => (columns(), version()).prop_map(|(columns, version)| Wish::Replace(columns, version)),
        2 => columns().prop_map(Wish::Upsert),
        2 => prop::option::of(version()).prop_map(Wish::Delete),
    ]
}

fn batches() -> impl Strategy<Value = Vec<BTreeMap<&'static str, Wish>>> {
    prop::collection::vec(prop::collection::btree_map(prop::sample::select(&KEYS[..]), wish(), 1..5), 1..20)
}

fn ranges() -> impl Strategy<Value = RowRange> {
    let bound = || prop::sample::select(&["", "a", "a!", "a'", "ab", "b", "é", "z"][..]);
    (bound(), prop::option::of(bound()), 1_usize..8).prop_map(|(from, to, limit)| RowRange {
        from: from.into(),
        to: to.map(str::to_owned),
        limit,
    })
}

#[test]
fn the_store_agrees_with_a_simple_model() {
    let dir = tempfile::tempdir().unwrap();
    let store = Embedded::open(dir.path(), Arc::new(MovedClock::new())).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let partitions = AtomicU32::new(0);
    let config = ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() };
    let run = |(batches, range): (Vec<BTreeMap<&'static str, Wish>>, RowRange)| {
        let partition = format!("p{}", partitions.fetch_add(1, Ordering::Relaxed));
        runtime.block_on(agree(&store, &partition, batches, &range));
        Ok(())
    };
    TestRunner::new(config).run(&(batches(), ranges()), run).unwrap();
}

async fn agree(store: &Embedded, partition: &str, batches: Vec<BTreeMap<&'static str, Wish>>, range: &RowRange) {
    let mut model = Model::default();
    // A row in the partitions beside it, which must never show.
    for beside in [format!("{partition}!"), partition[..1].to_owned()] {
        store.commit(batch(&beside, vec![Op::Upsert(row("a", vec![]))])).await.unwrap();
    }
    for wishes in batches {
        let ops: Vec<Op> = wishes.into_iter().map(|(key, wish)| model.op(key, wish)).collect();
        let commit = store.commit(batch(partition, ops.clone())).await.unwrap();
        assert_eq!(commit, model.commit(&ops));
        if commit == Commit::Done {
            for op in &ops {
                let stored = store.get(Table::Assets, partition, op.key()).await.unwrap();
                model.apply(op, stored);
            }
        }
        let page = store.range(Table::Assets, partition, range.clone()).await.unwrap();
        assert_eq!((page.rows, page.next), model.range(range));
    }
}
