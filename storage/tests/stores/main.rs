//! Both stores from outside: one contract for both, and what is each one's own.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod archiving;
mod contract;
mod copying;
mod embedded;
mod hostile_net;
mod lost_answers;
mod model;
mod proxy;

use std::sync::Mutex;

use app::ports::{Batch, Clock, Columns, Commit, Etag, Op, Table, Value, WriteRow};
use jiff::{Timestamp, ToSpan as _};
use storage::{Azure, AzureSettings};

/// A clock that only tests move.
struct MovedClock(Mutex<Timestamp>);

impl MovedClock {
    fn new() -> Self {
        Self(Mutex::new("2026-01-01T00:00:00Z".parse().unwrap()))
    }

    fn pass(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(seconds.seconds()).unwrap();
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

fn azure(connection_string: &str) -> Azure {
    connect(AzureSettings::from_connection_string(connection_string).unwrap())
}

fn connect(settings: AzureSettings) -> Azure {
    // Another test of this process may have been first.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let http =
        reqwest::Client::builder().no_proxy().pool_idle_timeout(std::time::Duration::from_secs(3)).build().unwrap();
    Azure::connect(settings, http).unwrap()
}

fn row(key: &str, columns: Columns) -> WriteRow {
    WriteRow { key: key.into(), columns }
}

/// A row with one text.
fn note(key: &str, text: &str) -> WriteRow {
    row(key, vec![("text".into(), Value::Text(text.into()))])
}

fn batch(partition: &str, ops: Vec<Op>) -> Batch {
    Batch { table: Table::Assets, partition: partition.into(), ops, witness: None }
}

fn delete(key: &str, etag: Option<&Etag>) -> Op {
    Op::Delete { key: key.into(), etag: etag.cloned() }
}

fn conflict(index: usize, kind: app::ports::ConflictKind) -> Commit {
    Commit::Conflict { index: Some(index), kind }
}
