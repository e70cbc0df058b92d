use domain::ids::{OrgId, ScanId};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::close;
use super::request::key;
use super::scan::{Scan, ScanState, key as row_key, read, write};
use crate::access::{self, Organization, organization_partition};
use crate::poll::{self, Spent};
use crate::ports::{Batch, Op, PastScan, ScanProgress, SourceError, SourceKey, Table};
use crate::{App, Error};

/// It is asked after every so often, at first.
const OFTEN: SignedDuration = SignedDuration::from_mins(1);
/// After its first hour.
const SELDOM: SignedDuration = SignedDuration::from_mins(10);
/// After so long it is given up.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// What it saw is found in the host's banners some time after it is done.
const SETTLING: SignedDuration = SignedDuration::from_mins(2);
/// An order whose answer got lost is in the account's list by then.
const LISTED: SignedDuration = SignedDuration::from_mins(1);
/// Clocks differ by so much.
const SKEW: SignedDuration = SignedDuration::from_mins(10);
/// A finished scan is kept for so long.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Brings a scan a step further. Returns when to look after it again; `None`: it is forgotten.
pub(crate) async fn follow(app: &App, org: &OrgId, id: &ScanId, deadline: Instant) -> Result<Option<Timestamp>, Error> {
    let Some(mut stored) = read(app, org, id).await? else { return Ok(None) };
    let now = app.now();
    if let Some(finished) = stored.scan.finished_at {
        return forget(app, org, id, finished).await;
    }
    let Some(organization) = access::organization(app, org).await? else { return Ok(None) };
    let scan = &mut stored.scan;
    match step(app, &organization, scan, deadline).await? {
        Ok(true) => {
            scan.state = ScanState::Done;
            scan.finished_at = Some(now);
        }
        Ok(false) if now.duration_since(scan.requested_at) < LONGEST => {}
        Ok(false) => fail(scan, "it was not finished within a day", now),
        Err(why) => fail(scan, &why, now),
    }
    let next = match scan.finished_at {
        Some(finished) => after(finished, KEPT),
        None if now.duration_since(scan.requested_at) < SignedDuration::from_hours(1) => after(now, OFTEN),
        None => after(now, SELDOM),
    };
    write(app, org, stored).await?;
    Ok(Some(next))
}

fn fail(scan: &mut Scan, why: &str, now: Timestamp) {
    scan.state = ScanState::Failed;
    scan.finished_at = Some(now);
    scan.error = Some(why.to_owned());
}

fn after(at: Timestamp, time: SignedDuration) -> Timestamp {
    at.checked_add(time).unwrap_or(Timestamp::MAX)
}

/// `Ok(true)`: its results are known. `Err`: it failed for good.
async fn step(
    app: &App,
    organization: &Organization,
    scan: &mut Scan,
    deadline: Instant,
) -> Result<Result<bool, String>, Error> {
    let key = match key(app, organization) {
        Ok(key) => key,
        Err(Error::User(_)) => return Ok(Err("the Shodan key was taken away".into())),
        Err(error) => return Err(error),
    };
    if scan.order.is_none() {
        return find_order(app, organization, &key, scan).await;
    }
    if scan.done_at.is_none() {
        let order = scan.order.as_deref().unwrap_or_default();
        let progress = app.scans.progress(&key, order).await;
        poll::spend_budget(app, &key, &Spent { calls: 1, ..Spent::default() }).await?;
        match progress {
            Ok(ScanProgress::Waiting) => {}
            Ok(ScanProgress::Running) => scan.state = ScanState::Running,
            Ok(ScanProgress::Done) => {
                scan.state = ScanState::Running;
                scan.done_at = Some(app.now());
            }
            Err(error) => return Ok(lasting(&error)),
        }
        return Ok(Ok(false));
    }
    if scan.done_at.is_some_and(|at| app.now().duration_since(at) < SETTLING) {
        return Ok(Ok(false));
    }
    match close::take_results(app, organization, &key, scan, deadline).await? {
        Ok(whole) => Ok(Ok(whole)),
        Err(error) => Ok(lasting(&error)),
    }
}

/// What may work later is no failure.
fn lasting(error: &SourceError) -> Result<bool, String> {
    if error.retry() { Ok(false) } else { Err(error.to_string()) }
}

/// Looks whether an order arrived whose answer got lost. It is ours if it is the only one of its size and time, in an
/// account that is nobody else's, and no other scan of ours has it.
async fn find_order(
    app: &App,
    organization: &Organization,
    key: &SourceKey,
    scan: &mut Scan,
) -> Result<Result<bool, String>, Error> {
    if app.now().duration_since(scan.requested_at) < LISTED {
        return Ok(Ok(false));
    }
    if organization.shodan_key.is_none() {
        return Ok(Err("it is not known whether Shodan accepted it: its answer got lost".into()));
    }
    let listed = app.scans.newest(key).await;
    poll::spend_budget(app, key, &Spent { calls: 1, ..Spent::default() }).await?;
    let listed = match listed {
        Ok(listed) => listed,
        Err(error) => return Ok(lasting(&error)),
    };
    let known = orders(app, &organization.id).await?;
    let size = scan.ips.len() as u64;
    let near = |at: Timestamp| at.duration_since(scan.requested_at).abs() <= SKEW;
    let ours =
        |past: &&PastScan| past.size == Some(size) && past.created.is_some_and(near) && !known.contains(&past.id);
    let mut found = listed.iter().filter(ours);
    match (found.next(), found.next()) {
        (Some(past), None) => {
            scan.order = Some(past.id.clone());
            scan.credits = u32::try_from(size).unwrap_or(u32::MAX);
            let spent = Spent { scan_credits: scan.credits, ..Spent::default() };
            poll::spend_budget(app, key, &spent).await?;
            Ok(Ok(false))
        }
        (None, _) => Ok(Err("Shodan did not accept it; ask again".into())),
        (Some(_), Some(_)) => Ok(Err("it is not known which of Shodan's scans it is".into())),
    }
}

/// Shodan's ids of the organization's scans.
async fn orders(app: &App, org: &OrgId) -> Result<Vec<String>, Error> {
    let mut known = Vec::new();
    let mut range = Some(crate::ports::RowRange::prefix("scan|", 100));
    while let Some(wanted) = range {
        let page = app.tables.range(Table::Accounts, &organization_partition(org), wanted.clone()).await?;
        for row in &page.rows {
            known.extend(crate::rows::decode::<Scan>(row)?.order);
        }
        range = page.next.map(|from| crate::ports::RowRange { from, ..wanted });
    }
    Ok(known)
}

async fn forget(app: &App, org: &OrgId, id: &ScanId, finished: Timestamp) -> Result<Option<Timestamp>, Error> {
    let end = after(finished, KEPT);
    if app.now() < end {
        return Ok(Some(end));
    }
    let ops = vec![Op::Delete { key: row_key(id), etag: None }];
    let partition = organization_partition(org);
    app.tables.commit(Batch { table: Table::Accounts, partition, ops, witness: None }).await?;
    Ok(None)
}
