//! Everything of one kind at once, for other programs: read a page at a time, so that it costs the same memory however
//! much there is.
//!
//! An export begins by noting where the log of events stands. Who reads it and then asks for the events behind that cursor
//! misses nothing: what changes while the export runs is in the log. Never here: the format, which is the edge's.

mod assets;
mod events;
mod findings;
mod services;

use std::sync::Arc;

use domain::ids::{Bucket, EventId};
use domain::role::Action;
use futures_util::Stream;
use serde_json::Value;

use crate::access::Caller;
use crate::assets::{AssetFilter, Register};
use crate::findings::{EventFilter, FindingFilter, ServiceFilter};
use crate::ports::{RowPage, RowRange, Table};
use crate::{App, Error, ledger};

/// What to export, and which of it.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Findings.
    Findings(Box<FindingFilter>),
    /// Assets, with the columns that an import takes first.
    Assets(Box<AssetFilter>),
    /// Services.
    Services(Box<ServiceFilter>),
    /// Events, oldest first.
    Events(Box<EventFilter>),
}

/// The values of one thing, in the order of the columns.
pub type Record = Vec<Value>;

/// An export that has begun.
pub struct Export {
    /// The cursor of the event log when it began.
    pub cursor: String,
    /// What each value is.
    pub columns: &'static [&'static str],
    range: Option<RowRange>,
    table: Table,
    partition: String,
    app: Arc<App>,
    caller: Caller,
    wanted: Wanted,
}

/// Rows that are read at once.
const PAGE: usize = 500;

/// Begins an export.
pub async fn begin(app: Arc<App>, caller: Caller, wanted: Wanted) -> Result<Export, Error> {
    caller.may(Action::Read)?;
    let bucket = Bucket::default();
    let exposure = ledger::partition(&caller.org, bucket);
    let (head, _) = ledger::Head::read(&*app.tables, &exposure).await?;
    let (columns, table, partition, range) = match &wanted {
        Wanted::Findings(_) => (findings::COLUMNS, Table::Exposure, exposure, RowRange::prefix("f|", PAGE)),
        Wanted::Services(_) => (services::COLUMNS, Table::Exposure, exposure, RowRange::prefix("s|", PAGE)),
        Wanted::Assets(_) => (assets::COLUMNS, Table::Assets, caller.org.to_string(), RowRange::prefix("a|", PAGE)),
        Wanted::Events(_) => {
            // What came after the cursor is asked for by the cursor.
            let end = EventId { bucket, number: head.events + 1 }.row();
            (events::COLUMNS, Table::Exposure, exposure, RowRange { to: Some(end), ..RowRange::prefix("e|", PAGE) })
        }
    };
    let cursor = EventId { bucket, number: head.events }.to_string();
    Ok(Export { cursor, columns, range: Some(range), table, partition, app, caller, wanted })
}

impl Export {
    /// The records of the next rows; `None`: that was all. A page may have no records although there are more.
    pub async fn next(&mut self) -> Result<Option<Vec<Record>>, Error> {
        let Some(range) = self.range.take() else { return Ok(None) };
        let page = self.app.tables.range(self.table, &self.partition, range.clone()).await?;
        let records = self.records(&page).await?;
        self.range = page.next.map(|from| RowRange { from, ..range });
        Ok(Some(records))
    }

    /// The same as a stream of pages.
    pub fn pages(self) -> impl Stream<Item = Result<Vec<Record>, Error>> + Send + 'static {
        futures_util::stream::try_unfold(self, |mut export| async move {
            Ok(export.next().await?.map(|records| (records, export)))
        })
    }

    async fn records(&self, page: &RowPage) -> Result<Vec<Record>, Error> {
        let (app, caller) = (&*self.app, &self.caller);
        if let Wanted::Events(filter) = &self.wanted {
            return events::records(filter, page);
        }
        let register = Register::read(app, &caller.org).await?;
        match &self.wanted {
            Wanted::Findings(filter) => findings::records(app, caller, &register, filter, page).await,
            Wanted::Services(filter) => services::records(&register, filter, page),
            Wanted::Assets(filter) => assets::records(app, caller, &register, filter, page).await,
            Wanted::Events(_) => Ok(Vec::new()),
        }
    }
}
