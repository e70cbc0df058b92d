//! A store becomes an archive while others write, and an archive becomes a store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::ports::{Op, Queue as _, QueueName, Table, Tables as _};
use storage::archive::{ArchiveError, Contents, Reader, Record, Writer};
use storage::{Embedded, FillError, Snapshot};

use crate::{MovedClock, batch, note};

fn open(dir: &Path) -> Embedded {
    Embedded::open(dir, Arc::new(MovedClock::new())).unwrap()
}

fn archive(snapshot: &Snapshot) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), 0).unwrap();
    for record in snapshot.records() {
        writer.add(&record.unwrap()).unwrap();
    }
    writer.finish().unwrap().0
}

fn fill(store: &Embedded, archive: &[u8]) -> Result<Contents, FillError> {
    store.fill(&mut Reader::new(archive)?, |_, _| Ok(()))
}

/// 300 rows in three partitions, two messages, one of them hidden.
async fn furnish(store: &Embedded) {
    for partition in ["one", "two'", "ünï"] {
        let rows = (0..100).map(|n| Op::Insert(note(&format!("{n:03}"), &"x".repeat(n)))).collect();
        store.commit(batch(partition, rows)).await.unwrap();
    }
    store.put(QueueName::Notifications, "now", Duration::ZERO).await.unwrap();
    store.put(QueueName::Notifications, "later", Duration::from_hours(1)).await.unwrap();
}

#[tokio::test]
async fn what_was_archived_is_restored_as_it_was() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(from.path());
    furnish(&store).await;
    let bytes = archive(&store.snapshot().unwrap());
    let restored = open(to.path());
    assert_eq!(fill(&restored, &bytes).unwrap(), Contents { rows: 300, messages: 2, files: 0 });
    assert_eq!(archive(&restored.snapshot().unwrap()), bytes);
    let visible = restored.receive(QueueName::Notifications, 9, Duration::from_mins(1)).await.unwrap();
    assert_eq!(visible.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["now"]);
    // Versions and numbers go on where the restored ones end.
    let old = restored.get(Table::Assets, "one", "000").await.unwrap().unwrap().etag;
    restored.commit(batch("one", vec![Op::Upsert(note("000", "new"))])).await.unwrap();
    assert_ne!(restored.get(Table::Assets, "one", "000").await.unwrap().unwrap().etag, old);
    restored.put(QueueName::Notifications, "third", Duration::ZERO).await.unwrap();
    assert_eq!(restored.depth(QueueName::Notifications).await.unwrap(), 3);
}

#[tokio::test]
async fn a_snapshot_is_of_one_instant_however_much_is_written_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    furnish(&store).await;
    let snapshot = store.snapshot().unwrap();
    let before = archive(&snapshot);
    for n in 0..50 {
        store.commit(batch("one", vec![Op::Upsert(note(&format!("{n:03}"), "changed"))])).await.unwrap();
        store.put(QueueName::Notifications, "more", Duration::ZERO).await.unwrap();
    }
    assert_eq!(archive(&snapshot), before);
    assert_ne!(archive(&store.snapshot().unwrap()), before);
}

/// Every batch writes a row to two partitions in turn and a message; a snapshot has as many messages as rows, or the
/// one more row whose message was not put yet.
#[tokio::test]
async fn rows_and_messages_of_a_snapshot_belong_together() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()));
    let writer = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for n in 0..200 {
                store.commit(batch("p", vec![Op::Insert(note(&format!("{n:04}"), "row"))])).await.unwrap();
                store.put(QueueName::Notifications, &n.to_string(), Duration::ZERO).await.unwrap();
            }
        })
    };
    let mut taken = 0;
    while !writer.is_finished() {
        let store = Arc::clone(&store);
        let snapshot = tokio::task::spawn_blocking(move || store.snapshot().unwrap()).await.unwrap();
        let records: Vec<_> = snapshot.records().map(Result::unwrap).collect();
        let messages = records.iter().filter(|record| matches!(record, Record::Message { .. })).count();
        let rows = records.len() - messages;
        assert!(rows == messages || rows == messages + 1, "{rows} rows and {messages} messages");
        taken += 1;
    }
    writer.await.unwrap();
    assert!(taken > 1, "only {taken} snapshots");
}

#[tokio::test]
async fn a_store_that_holds_anything_is_left_alone() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(from.path());
    furnish(&store).await;
    let bytes = archive(&store.snapshot().unwrap());
    let used = open(to.path());
    used.commit(batch("mine", vec![Op::Insert(note("k", "1"))])).await.unwrap();
    assert!(matches!(fill(&used, &bytes), Err(FillError::NotEmpty(1))));
    assert_eq!(used.get(Table::Assets, "one", "000").await.unwrap(), None);
}

#[tokio::test]
async fn a_damaged_archive_leaves_the_store_empty_and_a_whole_one_still_fits_in() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(from.path());
    furnish(&store).await;
    let bytes = archive(&store.snapshot().unwrap());
    let restored = open(to.path());
    let mut damaged = bytes.clone();
    damaged[20_000] ^= 1;
    for (wrong, says) in [(&bytes[..bytes.len() - 40], "cut off"), (&damaged[..], "damaged")] {
        let error = fill(&restored, wrong).unwrap_err();
        assert!(matches!(error, FillError::Archive(ArchiveError::Cut | ArchiveError::Damaged(_))), "{error}");
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(restored.snapshot().unwrap().records().count(), 0);
    }
    fill(&restored, &bytes).unwrap();
    drop(restored);
    assert_eq!(archive(&open(to.path()).snapshot().unwrap()), bytes);
}
