//! A whole store moves into another one, and both are seen to hold the same.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::ports::{Batch, Commit, Op, Queue, QueueName, StoreError, Table, Tables as _, Value};
use storage::azurite::Azurite;
use storage::copy::{Copied, CopyError, Progress, Whole, is_unfinished, migrate};
use storage::{Azure, Embedded};

use crate::{MovedClock, azure, batch, note, row};

fn open(dir: &Path) -> Embedded {
    Embedded::open(dir, Arc::new(MovedClock::new())).unwrap()
}

/// More rows than a page, in several tables, with every kind of value and keys that need care.
async fn furnish(store: &dyn Whole) {
    for chunk in 0..12 {
        let rows = (0..100).map(|n| Op::Upsert(note(&format!("{:05}", chunk * 100 + n), "many"))).collect();
        store.commit(batch("crowded", rows)).await.unwrap();
    }
    let kinds = vec![
        ("v".to_owned(), Value::Int(i64::MAX)),
        ("text".to_owned(), Value::Text("it's \"ünï\" 😀\n".into())),
        ("flag".to_owned(), Value::Bool(true)),
        ("sealed".to_owned(), Value::Bytes((0..=255).collect())),
        ("nothing".to_owned(), Value::Bytes(vec![])),
    ];
    for table in Table::ALL {
        for partition in ["org_1", "org_1:00", "user:it's", "é"] {
            let ops = vec![Op::Upsert(row("!head", kinds.clone())), Op::Upsert(row("o|0000000000007", kinds.clone()))];
            let batch = Batch { table, partition: partition.into(), ops, witness: None };
            assert_eq!(store.commit(batch).await.unwrap(), Commit::Done);
        }
    }
    store.put(QueueName::Notifications, r#"[1,"route","org_1",0,7]"#, Duration::ZERO).await.unwrap();
    store.put(QueueName::NotificationsPoison, "poisoned", Duration::ZERO).await.unwrap();
}

async fn copy(from: &dyn Whole, to: &dyn Whole) -> Result<Copied, CopyError> {
    migrate(from, to, "the first", &mut |_| {}).await
}

#[tokio::test]
async fn from_one_machine_to_azure_and_back_again_everything_is_the_same() {
    let Some(azurite) = Azurite::start_empty() else { return };
    let (here, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (here, there, back) = (open(here.path()), azure(azurite.connection_string()), open(back.path()));
    furnish(&here).await;
    here.put(QueueName::Notifications, "hidden", Duration::from_hours(1)).await.unwrap();

    let mut progress = Vec::new();
    let up = migrate(&here, &there, "the first", &mut |step| progress.push(step)).await.unwrap();
    assert_eq!((up.messages, up.hidden, up.resumed), (3, 0, false));
    assert!(
        progress.contains(&Progress::Copied(Table::Assets, 1000))
            && progress.contains(&Progress::Compared(Table::Assets, 1208))
    );
    assert_eq!(is_unfinished(&there).await.unwrap(), None);
    assert_eq!(there.get(Table::Limits, "user:it's", "!head").await.unwrap().unwrap().columns.len(), 5);

    let down = copy(&there, &back).await.unwrap();
    assert_eq!(down.tables, up.tables);
    assert_eq!((down.messages, down.hidden), (2, 1), "Azure shows no message whose time has not come");
    let messages = back.receive(QueueName::NotificationsPoison, 9, Duration::from_mins(1)).await.unwrap();
    assert_eq!(messages[0].body, "poisoned");
}

#[tokio::test]
async fn a_copy_that_broke_off_at_any_write_is_carried_on_and_ends_the_same() {
    let from = tempfile::tempdir().unwrap();
    let from = open(from.path());
    furnish(&from).await;
    let whole = {
        let to = tempfile::tempdir().unwrap();
        copy(&from, &open(to.path())).await.unwrap()
    };
    let mut broken_off = 0;
    for survives in (1..60).step_by(4) {
        let dir = tempfile::tempdir().unwrap();
        let to = Failing { store: open(dir.path()), left: survives.into() };
        match copy(&from, &to).await {
            Ok(copied) => assert_eq!(copied.tables, whole.tables),
            Err(CopyError::Store(StoreError::Unavailable(_))) => {
                broken_off += 1;
                let carried_on = copy(&from, &to.store).await.unwrap();
                assert!(carried_on.tables == whole.tables && (carried_on.resumed || survives == 1));
            }
            Err(other) => panic!("after {survives} writes: {other}"),
        }
        assert_eq!(is_unfinished(&to.store).await.unwrap(), None);
    }
    assert!(broken_off > 5, "only {broken_off} broke off");
}

#[tokio::test]
async fn a_store_in_use_is_not_written_and_a_half_one_is_not_read() {
    let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let [from, used, half] = dirs.each_ref().map(|dir| open(dir.path()));
    furnish(&from).await;
    used.commit(batch("p", vec![Op::Insert(note("k", "1"))])).await.unwrap();
    assert!(matches!(copy(&from, &used).await, Err(CopyError::NotEmpty("assets"))));
    let failing = Failing { store: half, left: 6.into() };
    copy(&from, &failing).await.unwrap_err();
    let half = failing.store;
    assert_eq!(is_unfinished(&half).await.unwrap().as_deref(), Some("the first"));
    assert!(matches!(migrate(&used, &half, "another", &mut |_| {}).await, Err(CopyError::Another(_))));
    assert!(matches!(copy(&half, &used).await, Err(CopyError::Half(_))));
}

#[tokio::test]
async fn a_row_that_changes_while_it_is_copied_is_noticed() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (from, to) = (Arc::new(open(from.path())), open(to.path()));
    furnish(&*from).await;
    let (meanwhile, runtime) = (Arc::clone(&from), tokio::runtime::Handle::current());
    let mut watch = move |step| {
        if matches!(step, Progress::Copied(Table::Limits, _)) {
            let meanwhile = Arc::clone(&meanwhile);
            // The writer is a thread of its own: the job is applied though nobody waits here.
            runtime
                .spawn(async move { meanwhile.commit(batch("crowded", vec![Op::Upsert(note("00000", "new"))])).await });
        }
    };
    let slow = Slow { store: to };
    let error = migrate(&*from, &slow, "the first", &mut watch).await.unwrap_err().to_string();
    assert!(error.contains("assets has 1208 rows") && error.contains("stop whatever serves"), "{error}");
}

/// Fails every write after so many.
struct Failing {
    store: Embedded,
    left: std::sync::atomic::AtomicU32,
}

/// Lets others run before it reads.
struct Slow {
    store: Embedded,
}

/// Everything as the store does it, but for what stands before.
macro_rules! in_front {
    ($name:ty, |$self:ident| $write:expr, $read:expr) => {
        #[async_trait::async_trait]
        impl app::ports::Tables for $name {
            async fn get(&self, table: Table, partition: &str, key: &str) -> Result<Option<app::ports::Row>, StoreError> {
                self.store.get(table, partition, key).await
            }
            async fn get_many(&self, table: Table, partition: &str, keys: &[String]) -> Result<Vec<Option<app::ports::Row>>, StoreError> {
                self.store.get_many(table, partition, keys).await
            }
            async fn range(&self, table: Table, partition: &str, range: app::ports::RowRange) -> Result<app::ports::RowPage, StoreError> {
                self.store.range(table, partition, range).await
            }
            async fn commit(&$self, batch: Batch) -> Result<Commit, StoreError> {
                $write;
                $self.store.commit(batch).await
            }
            async fn prepare(&self) -> Result<(), StoreError> {
                Ok(())
            }
        }
        #[async_trait::async_trait]
        impl Queue for $name {
            async fn put(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), StoreError> {
                self.store.put(queue, body, delay).await
            }
            async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Result<Vec<app::ports::Message>, StoreError> {
                self.store.receive(queue, max, visibility).await
            }
            async fn delete(&self, queue: QueueName, message: &app::ports::Message) -> Result<(), StoreError> {
                self.store.delete(queue, message).await
            }
            async fn depth(&self, queue: QueueName) -> Result<u64, StoreError> {
                self.store.depth(queue).await
            }
        }
        #[async_trait::async_trait]
        impl Whole for $name {
            async fn scan(&self, table: Table, after: Option<&storage::copy::Place>, limit: usize) -> Result<Vec<storage::copy::Located>, StoreError> {
                $read;
                self.store.scan(table, after, limit).await
            }
            async fn waiting(&self, queue: QueueName) -> Result<Vec<storage::copy::Waiting>, StoreError> {
                self.store.waiting(queue).await
            }
        }
    };
}

in_front!(
    Failing,
    |self| {
        use std::sync::atomic::Ordering;
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err() {
            return Err(StoreError::Unavailable("as the test wants it".into()));
        }
    },
    std::future::ready(()).await
);
in_front!(Slow, |self| std::future::ready(()).await, tokio::time::sleep(Duration::from_millis(5)).await);

/// Both stores can be copied from and to.
const _: fn(&Azure) -> &dyn Whole = |store| store;
