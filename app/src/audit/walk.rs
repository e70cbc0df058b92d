use std::collections::VecDeque;

use domain::ids::{Bucket, OrgId};

use super::{Entry, key};
use crate::ports::{RowRange, StoreError, Table};
use crate::{App, access, ledger, rows};

/// The two places where an organization's entries lie, read as one log, newest first.
pub(super) struct Walk<'a> {
    app: &'a App,
    streams: [Stream; 2],
    /// So many rows were looked at.
    pub(super) looked_at: usize,
}

struct Stream {
    table: Table,
    partition: String,
    next: Option<RowRange>,
    read: VecDeque<(String, Entry)>,
}

const STEP: usize = 100;

/// Where entries lie: table and partition.
pub(super) fn places(org: &OrgId) -> [(Table, String); 2] {
    [
        (Table::Accounts, access::organization_partition(org)),
        (Table::Exposure, ledger::partition(org, Bucket::default())),
    ]
}

impl<'a> Walk<'a> {
    /// The entries with keys from `from` (included) up to `to` (excluded).
    pub(super) fn new(app: &'a App, org: &OrgId, from: &str, to: &str) -> Self {
        let streams = places(org).map(|(table, partition)| {
            let range = RowRange { from: from.to_owned(), to: Some(to.to_owned()), limit: STEP };
            Stream { table, partition, next: (from < to).then_some(range), read: VecDeque::new() }
        });
        Self { app, streams, looked_at: 0 }
    }

    /// The next entry with its key.
    pub(super) async fn next(&mut self) -> Result<Option<(String, Entry)>, StoreError> {
        for stream in &mut self.streams {
            while stream.read.is_empty()
                && let Some(range) = stream.next.take()
            {
                let page = self.app.tables.range(stream.table, &stream.partition, range.clone()).await?;
                for row in &page.rows {
                    stream.read.push_back((row.key.clone(), rows::decode(row)?));
                }
                self.looked_at += page.rows.len();
                stream.next = page.next.map(|from| RowRange { from, ..range });
            }
        }
        let [first, second] = &mut self.streams;
        let stream = match (first.read.front(), second.read.front()) {
            (Some((one, _)), Some((other, _))) if other < one => second,
            (None, _) => second,
            (Some(_), _) => first,
        };
        Ok(stream.read.pop_front())
    }
}

/// The key right behind this one.
pub(super) fn behind(key: &str) -> String {
    format!("{key} ")
}

/// From where a list of everything begins.
pub(super) const fn start() -> &'static str {
    key::PREFIX
}
