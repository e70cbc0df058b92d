//! Everything of one kind at once, for other programs: read a page at a time, so that it costs the same memory however
//! much there is.
//!
//! An export begins by noting where the log of events stands. Who reads it and then asks for the events behind that cursor
//! misses nothing: what changes while the export runs is in the log. Never here: the format, which is the edge's.

mod assets;
mod audit;
mod events;
mod findings;
mod policies;
mod services;

use std::sync::Arc;

use domain::finding::Finding;
use domain::ids::{Bucket, EventId};
use domain::role::Action;
use futures_util::Stream;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::access::Caller;
use crate::assets::{AssetFilter, Register};
use crate::audit::AuditFilter;
use crate::findings::{EventFilter, FindingFilter, ServiceFilter, findings_at, services_as_of};
use crate::ports::{RowPage, RowRange, Table};
use crate::{App, Error, UserError, UserErrorCode, judging, ledger};

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
    /// Acts of people and tokens, newest first.
    Audit(Box<AuditFilter>),
    /// Triage policies, oldest first, those that ended too.
    TriagePolicies,
}

/// The values of one thing, in the order of the columns.
pub type Record = Vec<Value>;

/// An export that has begun.
pub struct Export {
    /// The cursor of the event log when it began; of an earlier instant, as it stood then.
    pub cursor: String,
    /// What each value is.
    pub columns: &'static [&'static str],
    source: Source,
    app: Arc<App>,
    caller: Caller,
    wanted: Wanted,
}

/// Where the next records come from.
enum Source {
    /// Rows of a partition.
    Rows(Table, String, RowRange),
    /// The audit log, behind this act.
    Acts(Option<String>),
    /// They are at hand.
    Whole(Vec<Record>),
    /// That was all.
    Nowhere,
}

/// Rows that are read at once.
const PAGE: usize = 500;
/// The page of a list that is all of it.
const EVERYTHING: (Option<&str>, usize) = (None, usize::MAX);

/// Begins an export: of what there is, or of what was known at an instant, where that is kept.
pub async fn begin(app: Arc<App>, caller: Caller, wanted: Wanted, at: Option<Timestamp>) -> Result<Export, Error> {
    caller.may(if matches!(wanted, Wanted::Audit(_)) { Action::ReadAudit } else { Action::Read })?;
    let bucket = Bucket::default();
    let exposure = ledger::partition(&caller.org, bucket);
    let (head, _) = ledger::Head::read(&*app.tables, &exposure).await?;
    let columns = wanted.columns();
    let wanted = wanted.until(at);
    let (source, told_to) = match (&wanted, at) {
        (Wanted::Findings(filter), Some(at)) => past_findings(&app, &caller, filter, at).await?,
        (Wanted::Services(filter), Some(at)) => past_services(&app, &caller, filter, at).await?,
        (Wanted::Assets(_), Some(_)) => {
            let message = "assets are not kept as they were: leave out `at`";
            return Err(UserError::of(UserErrorCode::Invalid, "at", message).into());
        }
        (Wanted::Findings(_), None) => {
            (Source::Rows(Table::Exposure, exposure, RowRange::prefix("f|", PAGE)), head.events)
        }
        (Wanted::Services(_), None) => {
            (Source::Rows(Table::Exposure, exposure, RowRange::prefix("s|", PAGE)), head.events)
        }
        (Wanted::Assets(_), None) => {
            (Source::Rows(Table::Assets, caller.org.to_string(), RowRange::prefix("a|", PAGE)), head.events)
        }
        (Wanted::Events(_), _) => {
            // What came after the cursor is asked for by the cursor.
            let end = EventId { bucket, number: head.events + 1 }.row();
            let range = RowRange { to: Some(end), ..RowRange::prefix("e|", PAGE) };
            (Source::Rows(Table::Exposure, exposure, range), head.events)
        }
        (Wanted::Audit(_), _) => (Source::Acts(None), head.events),
        (Wanted::TriagePolicies, at) => {
            let policies = judging::policies(&app, &caller, at).await?;
            (Source::Whole(policies.iter().map(policies::record).collect()), head.events)
        }
    };
    let cursor = EventId { bucket, number: told_to }.to_string();
    Ok(Export { cursor, columns, source, app, caller, wanted })
}

/// The findings that were known at an instant: all of them at once, because that is how it is found out.
async fn past_findings(
    app: &App,
    caller: &Caller,
    filter: &FindingFilter,
    at: Timestamp,
) -> Result<(Source, u64), Error> {
    let register = Register::read(app, &caller.org).await?;
    let found = findings_at(app, caller, at, filter, EVERYTHING).await?;
    let record = |f: &Finding| findings::record(f, register.find(&f.asset), at);
    Ok((Source::Whole(found.items.iter().map(|(_, finding)| record(&finding.then)).collect()), found.told_to))
}

/// The services, likewise.
async fn past_services(
    app: &App,
    caller: &Caller,
    filter: &ServiceFilter,
    at: Timestamp,
) -> Result<(Source, u64), Error> {
    let register = Register::read(app, &caller.org).await?;
    let found = services_as_of(app, caller, at, filter, EVERYTHING).await?;
    let records = found.items.iter().map(|(_, service)| services::record(service, &register)).collect();
    Ok((Source::Whole(records), found.told_to))
}

impl Wanted {
    const fn columns(&self) -> &'static [&'static str] {
        match self {
            Self::Findings(_) => findings::COLUMNS,
            Self::Assets(_) => assets::COLUMNS,
            Self::Services(_) => services::COLUMNS,
            Self::Events(_) => events::COLUMNS,
            Self::Audit(_) => audit::COLUMNS,
            Self::TriagePolicies => policies::COLUMNS,
        }
    }

    /// Of what is a log itself, the part up to an instant.
    fn until(self, at: Option<Timestamp>) -> Self {
        let behind = at.and_then(|at| at.checked_add(SignedDuration::from_nanos(1)).ok());
        let earlier = |until: Option<Timestamp>| until.into_iter().chain(behind).min();
        match self {
            Self::Events(filter) => Self::Events(Box::new(EventFilter { until: earlier(filter.until), ..*filter })),
            Self::Audit(filter) => Self::Audit(Box::new(AuditFilter { until: earlier(filter.until), ..*filter })),
            other => other,
        }
    }
}

impl Export {
    /// The next records; `None`: that was all. There may be none of them although there are more.
    pub async fn next(&mut self) -> Result<Option<Vec<Record>>, Error> {
        match std::mem::replace(&mut self.source, Source::Nowhere) {
            Source::Nowhere => Ok(None),
            Source::Whole(records) => Ok(Some(records)),
            Source::Acts(behind) => self.acts(behind).await.map(Some),
            Source::Rows(table, partition, range) => {
                let page = self.app.tables.range(table, &partition, range.clone()).await?;
                let records = self.records(&page).await?;
                if let Some(from) = page.next {
                    self.source = Source::Rows(table, partition, RowRange { from, ..range });
                }
                Ok(Some(records))
            }
        }
    }

    /// The same as a stream of pages.
    pub fn pages(self) -> impl Stream<Item = Result<Vec<Record>, Error>> + Send + 'static {
        futures_util::stream::try_unfold(self, |mut export| async move {
            Ok(export.next().await?.map(|records| (records, export)))
        })
    }

    async fn acts(&mut self, behind: Option<String>) -> Result<Vec<Record>, Error> {
        let Wanted::Audit(filter) = &self.wanted else { return Ok(Vec::new()) };
        let page = crate::audit::page(&self.app, &self.caller, filter, (behind.as_deref(), PAGE, false)).await?;
        let records = page.items.iter().map(|(_, entry)| audit::record(entry)).collect();
        if let Some((last, _)) = page.items.into_iter().next_back().filter(|_| page.more) {
            self.source = Source::Acts(Some(last));
        }
        Ok(records)
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
            Wanted::Events(_) | Wanted::Audit(_) | Wanted::TriagePolicies => Ok(Vec::new()),
        }
    }
}
