//! The end of an organization whose last member has left for good.
//!
//! It is found by nobody from the first write on; what it has stored is cleared away by the timer, in bounded batches.

use domain::ids::{Bucket, OrgId};

use super::organization::{self, Organization};
use super::roster::Roster;
use super::store::{Command, read};
use crate::agenda::{self, Due, Mark};
use crate::ports::{Commit, Op, Row, RowRange, StoreError, Table};
use crate::retention::Room;
use crate::{App, Error, ledger};

const CLOSING: &str = "closing";
const PAGE: usize = 500;

/// Closes an organization, if still nobody else is in it; `false`: somebody came, or its name was changed.
pub(super) async fn close(app: &App, org: &OrgId, roster: &Roster) -> Result<bool, Error> {
    let partition = organization::partition(org);
    let command = Command::new(app);
    let row = command.row(org.as_str(), &app.now())?;
    command.commit(Table::Accounts, CLOSING, vec![Op::Upsert(row)]).await?;
    let stored = read::<Organization>(app, Table::Accounts, &partition, organization::PROFILE).await?;
    let Some(stored) = stored.filter(|stored| stored.thing.closed_at.is_none()) else { return Ok(true) };
    let closed = Organization { closed_at: Some(app.now()), shodan_key: None, ..stored.thing };
    let command = Command::new(app);
    let ops = vec![Op::Replace(command.row(organization::PROFILE, &closed)?, stored.etag), roster.op(&command)?];
    Ok(command.commit(Table::Accounts, &partition, ops).await? == Commit::Done)
}

/// Clears closed organizations away, as much as there is room for.
pub(super) async fn clear(app: &App, room: &mut Room) -> Result<(), Error> {
    let page = app.tables.range(Table::Accounts, CLOSING, RowRange { limit: PAGE, ..RowRange::default() }).await?;
    for row in page.rows {
        let Ok(org) = row.key.parse::<OrgId>() else { continue };
        // Somebody crashed between the two writes of `close`: it is not closed, and may be asked for again.
        if organization::organization(app, &org).await?.is_none() && !empty(app, &org, room).await? {
            return Ok(());
        }
        room.remove(app, Table::Accounts, CLOSING, vec![row.key]).await?;
    }
    Ok(())
}

/// Removes everything of an organization; `false`: there is more than there was room for.
async fn empty(app: &App, org: &OrgId, room: &mut Room) -> Result<bool, StoreError> {
    hints(app, org).await?;
    for (table, partition) in [
        (Table::Assets, org.to_string()),
        (Table::Exposure, ledger::partition(org, Bucket::default())),
        (Table::Deliveries, org.to_string()),
        (Table::Accounts, organization::partition(org)),
    ] {
        loop {
            let range = RowRange { limit: PAGE, ..RowRange::default() };
            let page = app.tables.range(table, &partition, range).await?;
            if page.rows.is_empty() {
                break;
            }
            if !room.is_left() {
                return Ok(false);
            }
            room.remove(app, table, &partition, page.rows.into_iter().map(|row| row.key).collect()).await?;
        }
    }
    let mark = Mark::Dirty.key(&ledger::partition(org, Bucket::default()));
    room.remove(app, Table::Schedule, agenda::PARTITION, vec![mark]).await?;
    room.remove(app, Table::Accounts, organization::REGISTRY, vec![org.to_string()]).await?;
    Ok(true)
}

/// Nothing of theirs is polled any more.
async fn hints(app: &App, org: &OrgId) -> Result<(), StoreError> {
    let whose = format!("{org}:");
    let theirs = |row: &Row| Due::Poll.read(&row.key).is_some_and(|(_, what)| what.starts_with(&whose));
    let mut from = Some(String::new());
    while let Some(start) = from {
        let range = RowRange { from: start, to: None, limit: PAGE };
        let page = app.tables.range(Table::Schedule, agenda::PARTITION, range).await?;
        let gone = page.rows.into_iter().filter(theirs).map(|row| Op::Delete { key: row.key, etag: None });
        agenda::write(app, gone.collect()).await?;
        from = page.next;
    }
    Ok(())
}
