use std::collections::HashMap;

use domain::finding::Finding;
use domain::ids::{Bucket, FindingId, OrgId};

use super::sieve::{Sieve, Verdict};
use super::stored::{alias, read_finding};
use crate::directory::{Entry, Snapshot, number};
use crate::ports::{Row, RowRange, StoreError, Table};
use crate::{App, ledger};

/// Goes through all findings that a filter matches, with as few reads as there may be.
pub(super) struct Sweep<'a> {
    pub(super) app: &'a App,
    pub(super) org: &'a OrgId,
    pub(super) snapshot: &'a Snapshot,
    pub(super) sieve: &'a Sieve<'a>,
}

/// So many rows are read at most, in at most a hundred calls.
const MOST_ROWS: usize = 10_000;
/// Rows of one call: by their keys, or in a range.
const MANY: usize = 100;
const RANGE: usize = 1000;

impl Sweep<'_> {
    /// Visits each finding that matches once, in no order: with its row where `wants_row` says so or only the row can
    /// tell whether it matches. `false`: there were too many such; some were not visited.
    pub(super) async fn each(
        &self,
        wants_row: impl Fn(&Entry) -> bool,
        mut visit: impl FnMut(&Entry, Option<&Finding>),
    ) -> Result<bool, StoreError> {
        let mut wanted: Vec<(Entry, Verdict)> = Vec::new();
        for entry in self.snapshot.entries() {
            match self.sieve.verdict(entry) {
                Verdict::No => {}
                Verdict::Yes if !wants_row(entry) => visit(entry, None),
                verdict => wanted.push((*entry, verdict)),
            }
        }
        wanted.sort_unstable_by_key(|(e, _)| (e.birth, e.fingerprint));
        let complete = wanted.len() <= MOST_ROWS;
        wanted.truncate(MOST_ROWS);
        let all = self.snapshot.entries().len();
        if wanted.len() > MANY && all.div_ceil(RANGE) < wanted.len().div_ceil(MANY) {
            self.by_range(&wanted, &mut visit).await?;
        } else {
            self.by_keys(&wanted, &mut visit).await?;
        }
        Ok(complete)
    }

    async fn by_keys(
        &self,
        wanted: &[(Entry, Verdict)],
        visit: &mut impl FnMut(&Entry, Option<&Finding>),
    ) -> Result<(), StoreError> {
        let bucket = Bucket::default();
        let partition = ledger::partition(self.org, bucket);
        for several in wanted.chunks(MANY) {
            let keys: Vec<String> = several.iter().map(|(e, _)| FindingId::row(&e.id(bucket))).collect();
            let rows = self.app.tables.get_many(Table::Exposure, &partition, &keys).await?;
            for ((entry, verdict), row) in several.iter().zip(rows) {
                if let Some(row) = row {
                    self.show(entry, *verdict, &row, visit)?;
                }
            }
        }
        Ok(())
    }

    async fn by_range(
        &self,
        wanted: &[(Entry, Verdict)],
        visit: &mut impl FnMut(&Entry, Option<&Finding>),
    ) -> Result<(), StoreError> {
        let bucket = Bucket::default();
        let partition = ledger::partition(self.org, bucket);
        let by_id: HashMap<(u128, u64), &(Entry, Verdict)> =
            wanted.iter().map(|w| ((w.0.birth, w.0.fingerprint), w)).collect();
        let mut range = RowRange::prefix("f|", RANGE);
        if let Some((first, _)) = wanted.first() {
            range.from = first.id(bucket).row();
        }
        loop {
            let page = self.app.tables.range(Table::Exposure, &partition, range.clone()).await?;
            for row in &page.rows {
                if let Some((entry, verdict)) = place(row).and_then(|id| by_id.get(&id))
                    && alias(row).is_none()
                {
                    self.show(entry, *verdict, row, visit)?;
                }
            }
            match page.next {
                Some(next) => range.from = next,
                None => return Ok(()),
            }
        }
    }

    fn show(
        &self,
        entry: &Entry,
        verdict: Verdict,
        row: &Row,
        visit: &mut impl FnMut(&Entry, Option<&Finding>),
    ) -> Result<(), StoreError> {
        let finding = read_finding(row)?.finding;
        if verdict == Verdict::Yes || self.sieve.takes_row(&finding) {
            visit(entry, Some(&finding));
        }
        Ok(())
    }
}

/// Whose row is it? `f|{birth}|{fingerprint}`
fn place(row: &Row) -> Option<(u128, u64)> {
    let (birth, fingerprint) = row.key.strip_prefix("f|")?.split_once('|')?;
    Some((number(birth), u64::from_str_radix(fingerprint, 16).ok()?))
}
