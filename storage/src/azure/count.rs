//! Counts what Azure sends a bill for: every request is a transaction.

use std::sync::atomic::{AtomicU64, Ordering};

use azure_core::Method;
use url::Url;

/// How many requests there were of each kind, tries that failed included, and how many bytes of bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transactions {
    /// Reads of one row.
    pub reads: u64,
    /// Pages of ranges.
    pub queries: u64,
    /// Batches.
    pub batches: u64,
    /// Messages put.
    pub puts: u64,
    /// Looks at a queue, also those that found nothing.
    pub receives: u64,
    /// Messages deleted.
    pub deletes: u64,
    /// Anything else: making tables and queues, their depth.
    pub others: u64,
    /// Bytes of the bodies sent.
    pub bytes_sent: u64,
    /// Bytes of the bodies received.
    pub bytes_received: u64,
}

impl Transactions {
    /// All requests.
    pub fn total(&self) -> u64 {
        self.reads + self.queries + self.batches + self.puts + self.receives + self.deletes + self.others
    }
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Query,
    Batch,
    Put,
    Receive,
    Delete,
    Other,
}

impl Kind {
    /// Told by the address; no key can deceive it, because keys have no `/`.
    pub(super) fn of(method: Method, url: &Url) -> Self {
        let path = url.path();
        let last = path.rsplit('/').next().unwrap_or_default();
        match method {
            Method::Post if last == "$batch" => Self::Batch,
            Method::Get if last.ends_with("()") => Self::Query,
            Method::Get if last.contains("(PartitionKey=") => Self::Read,
            Method::Post if last == "messages" => Self::Put,
            Method::Get if last == "messages" => Self::Receive,
            Method::Delete if path.contains("/messages/") => Self::Delete,
            _ => Self::Other,
        }
    }
}

/// The counters behind [`Transactions`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    kinds: [AtomicU64; 7],
    sent: AtomicU64,
    received: AtomicU64,
}

impl Counters {
    pub(super) fn sent(&self, kind: Kind, bytes: usize) {
        self.kinds[kind as usize].fetch_add(1, Ordering::Relaxed);
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Transactions {
        let [reads, queries, batches, puts, receives, deletes, others] =
            [0, 1, 2, 3, 4, 5, 6].map(|kind: usize| self.kinds[kind].load(Ordering::Relaxed));
        Transactions {
            reads,
            queries,
            batches,
            puts,
            receives,
            deletes,
            others,
            bytes_sent: self.sent.load(Ordering::Relaxed),
            bytes_received: self.received.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_apart_by_their_address() {
        for (method, path, kind) in [
            (Method::Get, "/a/assets(PartitionKey='p',RowKey='r()')", Kind::Read),
            (Method::Get, "/assets()", Kind::Query),
            (Method::Post, "/a/$batch", Kind::Batch),
            (Method::Post, "/a/Tables", Kind::Other),
            (Method::Post, "/notifications/messages", Kind::Put),
            (Method::Get, "/notifications/messages", Kind::Receive),
            (Method::Delete, "/notifications/messages/1", Kind::Delete),
            (Method::Get, "/notifications", Kind::Other),
            (Method::Put, "/notifications", Kind::Other),
        ] {
            let url = Url::parse(&format!("http://localhost{path}?x=1")).unwrap();
            assert_eq!(Kind::of(method, &url), kind, "{method} {path}");
        }
        let counters = Counters::default();
        counters.sent(Kind::Batch, 10);
        counters.sent(Kind::Other, 0);
        assert_eq!(counters.read(), Transactions { batches: 1, others: 1, bytes_sent: 10, ..Transactions::default() });
    }
}
