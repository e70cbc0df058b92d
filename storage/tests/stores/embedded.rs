//! What is the embedded store's own: its directory, its lock, its crashes.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use app::ports::{Commit, Op, Queue as _, QueueName, RowRange, StoreError, Table, Tables as _};
use futures_util::future::join_all;
use storage::Embedded;

use crate::{MovedClock, batch, note};

/// Tells the process that is to be killed where to write.
const CHILD_DIRECTORY: &str = "STORAGE_TEST_CHILD_DIRECTORY";

fn open(dir: &Path) -> Result<Embedded, StoreError> {
    Embedded::open(dir, Arc::new(MovedClock::new()))
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    store.commit(batch("p", vec![Op::Insert(note("k", "1"))])).await.unwrap();
    store.put(QueueName::Notifications, "hello", Duration::ZERO).await.unwrap();
    store.receive(QueueName::Notifications, 1, Duration::from_mins(1)).await.unwrap();
    let etag = store.get(Table::Assets, "p", "k").await.unwrap().unwrap().etag;
    drop(store);
    let store = open(dir.path()).unwrap();
    assert_eq!(store.get(Table::Assets, "p", "k").await.unwrap().unwrap().etag, etag);
    assert_eq!(store.depth(QueueName::Notifications).await.unwrap(), 1);
    store.commit(batch("p", vec![Op::Upsert(note("k", "2"))])).await.unwrap();
    assert_ne!(store.get(Table::Assets, "p", "k").await.unwrap().unwrap().etag, etag);
}

#[tokio::test]
async fn a_second_writer_is_told_why_and_a_reader_may_look() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let Err(StoreError::Unavailable(why)) = open(dir.path()) else { panic!("opened twice") };
    assert!(why.ends_with("is in use by another iotmonitor process"), "{why}");
    let reader = Embedded::open_read_only(dir.path()).unwrap();
    assert_eq!(reader.get(Table::Assets, "p", "k").await.unwrap(), None);
    store.commit(batch("p", vec![Op::Insert(note("k", "1"))])).await.unwrap();
    assert_eq!(reader.get(Table::Assets, "p", "k").await.unwrap(), store.get(Table::Assets, "p", "k").await.unwrap());
    let write = reader.commit(batch("p", vec![Op::Insert(note("l", "1"))])).await;
    assert!(matches!(write, Err(StoreError::Denied(_))));
    drop(store);
    open(dir.path()).unwrap();
}

#[test]
fn a_file_that_is_not_ours_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tables.redb");
    std::fs::write(&path, "not a database, but somebody's work".repeat(100)).unwrap();
    assert!(open(dir.path()).is_err());
    assert!(std::fs::read_to_string(path).unwrap().starts_with("not a database"));
    assert!(Embedded::open_read_only(&dir.path().join("none")).is_err());
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_directory_and_its_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("a/b");
    let store = open(&dir).unwrap();
    assert_eq!(mode(&dir), 0o700);
    for file in ["tables.redb", "queues.redb"] {
        assert_eq!(mode(&dir.join(file)), 0o600);
    }
    drop(store);
}

#[tokio::test]
async fn a_conflict_does_not_disturb_the_batches_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    store.commit(batch("p", vec![Op::Insert(note("taken", "1"))])).await.unwrap();
    let commits = join_all((0..300).map(|i| {
        let second = if i % 3 == 0 { "taken".into() } else { format!("own{i}") };
        store.commit(batch("p", vec![Op::Insert(note(&format!("first{i}"), "1")), Op::Insert(note(&second, "1"))]))
    }));
    for (i, commit) in commits.await.into_iter().enumerate() {
        assert_eq!(commit.unwrap() == Commit::Done, i % 3 != 0);
        assert_eq!(store.get(Table::Assets, "p", &format!("first{i}")).await.unwrap().is_some(), i % 3 != 0);
    }
}

/// Not a test of its own: what the next test starts and kills.
#[tokio::test]
#[ignore = "started by the test of crashes"]
#[expect(clippy::disallowed_methods, reason = "the process that is to be killed is told so by its parent")]
async fn child_that_writes_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let store = open(Path::new(&dir)).unwrap();
    for i in 0_u32.. {
        let rows = (0..10).map(|n| Op::Insert(note(&format!("{i:06}-{n}"), &"x".repeat(500))));
        assert_eq!(store.commit(batch("p", rows.collect())).await.unwrap(), Commit::Done);
        store.put(QueueName::Notifications, &i.to_string(), Duration::ZERO).await.unwrap();
        store.receive(QueueName::Notifications, 1, Duration::from_mins(1)).await.unwrap();
        println!("\ndone {i}");
    }
}

#[tokio::test]
async fn nothing_that_was_confirmed_is_lost_when_the_process_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut confirmed = 0;
    for pass in 0..3 {
        let dir = dir.path().join(pass.to_string());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "embedded::child_that_writes_until_it_is_killed", "--ignored", "--nocapture"])
            .env(CHILD_DIRECTORY, &dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut done = lines.filter_map(|line| line.strip_prefix("done ").map(|i| i.parse::<u32>().unwrap()));
        let last = done.by_ref().find(|i| *i >= 20 + pass * 7).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        // What it still said between the last line read and its end is confirmed too.
        let last = done.last().unwrap_or(last);
        let store = open(&dir).unwrap();
        let page =
            store.range(Table::Assets, "p", RowRange { limit: usize::MAX, ..RowRange::default() }).await.unwrap();
        assert_eq!(page.rows.len() % 10, 0, "a batch is there as a whole or not at all");
        assert!(page.rows.len() >= (last as usize + 1) * 10);
        assert!(store.depth(QueueName::Notifications).await.unwrap() > last.into());
        confirmed += last;
    }
    assert!(confirmed >= 60);
}
