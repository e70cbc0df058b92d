use std::sync::Arc;

use domain::finding::{Finding, FindingState, Resolution};
use domain::ids::{AssetId, Bucket, FindingId};
use domain::role::Action;

use super::filter::FindingFilter;
use super::sieve::{Sieve, Verdict};
use super::stored::{alias, read_finding};
use super::sweep::Sweep;
use crate::access::Caller;
use crate::assets::bad_cursor;
use crate::directory::{Counts, Cursor, Direction, Entry, Order, Snapshot};
use crate::ports::{Row, Table};
use crate::{App, Error, ledger};

/// A finding in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The finding.
    pub finding: Arc<Finding>,
    /// Its place in the list.
    pub cursor: String,
}

/// A page of findings. Where the directory cannot tell what matches, a page looks at no more than 1 000 rows: it may be
/// short, or empty, and still have more behind it.
#[derive(Clone, Debug, Default)]
pub struct FindingPage {
    /// The findings.
    pub items: Vec<Listed>,
    /// May there be more behind the page, in the direction of reading? `false` is certain; `true` too, unless the page
    /// stopped at its bound.
    pub more: bool,
    /// From where the next page in the direction of reading goes on.
    pub end: Option<String>,
    /// What it was cut out of.
    pub seen: Seen,
}

/// The directory as it was once read, so that what is counted beside a page is counted in the same state.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    counts: Counts,
    snapshot: Arc<Snapshot>,
}

/// What the rows of a page may cost when the directory cannot tell: so many point reads.
const MOST_ROWS: usize = 1000;
const READ_AHEAD: usize = 100;

/// A page of findings: `limit` from behind the cursor, or before it when `backward`.
pub async fn page(
    app: &App,
    caller: &Caller,
    filter: &FindingFilter,
    (order, direction): (Order, Direction),
    (cursor, limit, backward): (Option<&str>, usize, bool),
) -> Result<FindingPage, Error> {
    caller.may(Action::Read)?;
    let bucket = Bucket::default();
    let after = cursor.map(|c| Cursor::decode(c).ok_or_else(bad_cursor)).transpose()?;
    let (head, snapshot) = app.snapshot(&caller.org, bucket).await?;
    let sieve = Sieve::new(app, caller, filter).await?;
    let direction = if backward { direction.reversed() } else { direction };
    let partition = ledger::partition(&caller.org, bucket);
    let judged = |entry: &Entry| Some((*entry, sieve.verdict(entry))).filter(|(_, v)| *v != Verdict::No);
    let mut candidates = snapshot.walk(order, direction, after).filter_map(judged).peekable();
    let seen = Seen { counts: head.counts, snapshot: Arc::clone(&snapshot) };
    let mut page = FindingPage { seen, ..FindingPage::default() };
    let mut looked_to = None;
    let mut read = 0;
    'page: while let Some((_, next)) = candidates.peek() {
        let room = limit - page.items.len();
        if room == 0 && *next == Verdict::Yes {
            page.more = true;
            looked_to = page.items.last().map(|l| l.cursor.clone());
            break;
        }
        if read >= MOST_ROWS {
            page.more = true;
            break;
        }
        let ahead = if *next == Verdict::Yes { room } else { READ_AHEAD };
        let some: Vec<(Entry, Verdict)> = candidates.by_ref().take(ahead).collect();
        read += some.len();
        for ((entry, verdict), finding) in read_rows(app, &partition, bucket, &snapshot, &some).await? {
            if verdict == Verdict::Yes || sieve.takes_row(&finding) {
                if page.items.len() == limit {
                    page.more = true;
                    looked_to = page.items.last().map(|l| l.cursor.clone());
                    break 'page;
                }
                page.items.push(Listed { finding, cursor: Cursor::of(order, &entry).encode() });
            }
        }
        looked_to = some.last().map(|(entry, _)| Cursor::of(order, entry).encode());
    }
    drop(candidates);
    page.end = if page.more { looked_to } else { page.items.last().map(|l| l.cursor.clone()) };
    if backward {
        page.items.reverse();
    }
    Ok(page)
}

/// How many findings match, by state and severity. `None`: more than 10 000 rows would have to be read to tell.
pub async fn counts(app: &App, caller: &Caller, filter: &FindingFilter) -> Result<Option<Counts>, Error> {
    caller.may(Action::Read)?;
    count(app, caller, filter).await
}

/// The same in the state that a page was cut out of.
pub async fn counts_beside(
    app: &App,
    caller: &Caller,
    filter: &FindingFilter,
    seen: &Seen,
) -> Result<Option<Counts>, Error> {
    caller.may(Action::Read)?;
    count_in(app, caller, filter, seen).await
}

/// How many findings ended because these assets were retired: for whoever retired them, who may not read.
pub async fn ended_with(app: &App, caller: &Caller, assets: &[AssetId]) -> Result<u32, Error> {
    caller.may(Action::RetireAssets)?;
    let filter = FindingFilter {
        asset_ids: Some(assets.to_vec()),
        resolutions: Some(vec![Resolution::AssetRetired]),
        ..FindingFilter::default()
    };
    Ok(count(app, caller, &filter).await?.map_or(0, |counts| counts.total(FindingState::Resolved)))
}

async fn count(app: &App, caller: &Caller, filter: &FindingFilter) -> Result<Option<Counts>, Error> {
    let (head, snapshot) = app.snapshot(&caller.org, Bucket::default()).await?;
    count_in(app, caller, filter, &Seen { counts: head.counts, snapshot }).await
}

async fn count_in(app: &App, caller: &Caller, filter: &FindingFilter, seen: &Seen) -> Result<Option<Counts>, Error> {
    if let Some(counts) = filter.of_all(&seen.counts) {
        return Ok(Some(counts));
    }
    let sieve = Sieve::new(app, caller, filter).await?;
    let mut counts = Counts::default();
    let sweep = Sweep { app, org: &caller.org, snapshot: &seen.snapshot, sieve: &sieve };
    let complete = sweep.each(|_| false, |entry, _| counts.add(entry.state, entry.severity)).await?;
    Ok(complete.then_some(counts))
}

/// The findings of these rows that match; what only points to a finding elsewhere is passed over.
pub(crate) async fn matching_rows(
    app: &App,
    caller: &Caller,
    filter: &FindingFilter,
    rows: &[Row],
) -> Result<Vec<Finding>, Error> {
    let sieve = Sieve::new(app, caller, filter).await?;
    let mut found = Vec::new();
    for row in rows.iter().filter(|row| alias(row).is_none()) {
        let finding = read_finding(row)?.finding;
        if sieve.takes(&finding) {
            found.push(finding);
        }
    }
    Ok(found)
}

/// The rows of these entries. One that went between the directory and here is simply not there any more.
async fn read_rows(
    app: &App,
    partition: &str,
    bucket: Bucket,
    snapshot: &Snapshot,
    entries: &[(Entry, Verdict)],
) -> Result<Vec<((Entry, Verdict), Arc<Finding>)>, Error> {
    let shown = app.directories.shown();
    let mut found: Vec<Option<Arc<Finding>>> = entries.iter().map(|(e, _)| shown.get(snapshot, e)).collect();
    let missing: Vec<usize> = (0..entries.len()).filter(|n| found[*n].is_none()).collect();
    let keys: Vec<String> = missing.iter().map(|n| FindingId::row(&entries[*n].0.id(bucket))).collect();
    let rows =
        if keys.is_empty() { Vec::new() } else { app.tables.get_many(Table::Exposure, partition, &keys).await? };
    for (number, row) in missing.into_iter().zip(rows) {
        let Some(row) = row else { continue };
        let finding = Arc::new(read_finding(&row)?.finding);
        // What is only looked through must not push out what people look at.
        if entries[number].1 == Verdict::Yes {
            shown.keep(snapshot, &entries[number].0, &finding);
        }
        found[number] = Some(finding);
    }
    Ok(entries.iter().copied().zip(found).filter_map(|(entry, finding)| Some((entry, finding?))).collect())
}
