//! One row per day and organization: how it stood when the day ended. Written by the first tick of the next day, into
//! the ledger that it counts; a day on which no tick came has none, and none is made up later.

use domain::ids::{Bucket, OrgId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::access::{self, Caller};
use crate::agenda::{self, Mark};
use crate::directory::Snapshot;
use crate::ledger::{self, CommitError, Decision};
use crate::ports::{Op, Row, RowRange, Table};
use crate::{App, Error, rows};

/// How a day ended, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Which.
    pub date: Date,
    /// Findings that were open or acknowledged, by severity.
    pub open: [u32; 5],
    /// Opened or reopened on that day.
    pub opened: u32,
    /// Resolved on that day.
    pub resolved: u32,
}

/// Days are kept for so long: the longest period of an overview, and a month to spare.
const KEPT: i64 = 400;
/// By what the agenda tells which day was closed last.
pub(crate) const DAYS: &str = "days";
const TRIES: usize = 8;

/// Writes down how yesterday ended, once, for each organization. One point read where that is done.
pub(crate) async fn close_day(app: &App, done: Option<&Row>) -> Result<(), Error> {
    let today = date(app.now());
    let last: Option<Date> = done.map(rows::decode).transpose()?;
    if last.is_some_and(|last| last >= today) {
        return Ok(());
    }
    // Without a mark the program has just begun: there was no yesterday of its own.
    if last.is_some() {
        for org in access::organizations(app).await? {
            close_for(app, &org, today).await?;
        }
    }
    let ops = vec![Op::Upsert(rows::encode(Mark::At.key(DAYS), &today)?)];
    Ok(agenda::write(app, ops).await?)
}

async fn close_for(app: &App, org: &OrgId, today: Date) -> Result<(), Error> {
    let Some(organization) = access::organization(app, org).await? else { return Ok(()) };
    let yesterday = today.checked_sub(1.day()).unwrap_or(today);
    if date(organization.created_at) > yesterday {
        return Ok(());
    }
    for _ in 0..TRIES {
        let mut session = app.open_ledger(org, &organization.name, Bucket::default()).await?;
        if app.tables.get(Table::Exposure, session.partition(), &key(yesterday)).await?.is_some() {
            return Ok(());
        }
        let versions = &session.head().chunks;
        let snapshot = app.directories.snapshot(&*app.tables, session.partition(), versions).await?;
        let mut ops = vec![Op::Insert(rows::encode(key(yesterday), &day(&snapshot, yesterday))?)];
        if let Ok(old) = today.checked_sub(KEPT.days()) {
            ops.push(Op::Delete { key: key(old), etag: None });
        }
        match session.commit(vec![Decision { ops, ..Decision::default() }]).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Overtaken | CommitError::Unknown) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy)
}

/// The days from `since` on, oldest first; the last is today as it stands now.
pub(super) async fn days(app: &App, caller: &Caller, snapshot: &Snapshot, since: Timestamp) -> Result<Vec<Day>, Error> {
    let today = date(app.now());
    let partition = ledger::partition(&caller.org, Bucket::default());
    let range = RowRange { from: key(date(since)), to: Some(key(today)), limit: 1000 };
    let found = app.tables.range(Table::Exposure, &partition, range).await?;
    let mut days: Vec<Day> = found.rows.iter().map(rows::decode).collect::<Result<_, _>>()?;
    days.push(day(snapshot, today));
    Ok(days)
}

/// A day as the directory tells it. Of those that are past only the last can be told.
fn day(snapshot: &Snapshot, date: Date) -> Day {
    let start = |date: Date| date.to_zoned(TimeZone::UTC).map_or(0, |z| z.timestamp().as_second());
    let (from, to) = (start(date), start(date.checked_add(1.day()).unwrap_or(date)));
    let on_it = |at: u32| at != 0 && (from..to).contains(&i64::from(at));
    let mut day = Day { date, open: [0; 5], opened: 0, resolved: 0 };
    for entry in snapshot.entries() {
        // What was opened or resolved since the day ended does not belong to it.
        let was_open = entry.state.is_active() || i64::from(entry.resolved) >= to;
        if was_open && i64::from(entry.opened) < to {
            day.open[entry.severity as usize] += 1;
        }
        day.opened += u32::from(on_it(entry.opened));
        day.resolved += u32::from(on_it(entry.resolved));
    }
    day
}

fn date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

fn key(date: Date) -> String {
    format!("d|{date}")
}
