//! What was known at an instant: the event log, replayed, over what the rows say of things that no event tells.
//!
//! Asset and rule of a finding, and who may see it, are as they are now; what was deleted since is gone here, too.

mod finding;
mod service;

use std::collections::BTreeMap;

use domain::event::Event;
use domain::ids::{Bucket, EventId, OrgId};
use domain::replay::Replayed;
use jiff::{SignedDuration, Timestamp};

pub use finding::{FindingSnapshot, findings_at};
pub use service::services_as_of;

use crate::ports::{RowRange, Table};
use crate::{App, Error, UserError, UserErrorCode, ledger, rows};

/// Events that one question replays at most: about ten seconds' work on Table Storage.
const MOST_EVENTS: u64 = 100_000;
/// The clocks of processes that write one log differ by less.
const SKEW: SignedDuration = SignedDuration::from_mins(10);
/// Events of one read.
const PAGE: usize = 1000;

/// A page of what was known.
#[derive(Clone, Debug)]
pub struct PastPage<T> {
    /// The things, each with its cursor.
    pub items: Vec<(String, T)>,
    /// Are there more behind the page?
    pub more: bool,
    /// How many there are in all.
    pub total: usize,
    /// The number of the last event of the log before which all is in it: what came later comes behind that one.
    pub told_to: u64,
}

/// The log up to an instant.
#[derive(Default)]
struct Past {
    known: Replayed,
    /// When each decision of people was told first.
    decided: BTreeMap<String, Timestamp>,
    /// The last event before the first that is too late.
    told_to: u64,
    /// One was too late.
    over: bool,
}

impl Past {
    async fn read(app: &App, org: &OrgId, at: Timestamp) -> Result<Self, Error> {
        if at > app.now() {
            return Err(refused("at", "this instant has not come yet".to_owned()));
        }
        let partition = ledger::partition(org, Bucket::default());
        let (head, _) = ledger::Head::read(&*app.tables, &partition).await?;
        let key = |number| EventId { bucket: Bucket::default(), number }.row();
        let mut range = RowRange { from: key(1), to: Some(key(head.events + 1)), limit: PAGE };
        let mut past = Self::default();
        let mut read = 0;
        loop {
            let page = app.tables.range(Table::Exposure, &partition, range.clone()).await?;
            for row in &page.rows {
                let event: Event = rows::decode(row)?;
                if read == 0 && event.id.number > 1 && event.at > at {
                    let message = format!("events are kept from {} on: nothing tells what was known before", event.at);
                    return Err(refused("at", message));
                }
                if event.at > at + SKEW {
                    return Ok(past);
                }
                read += 1;
                past.fold(&event, at);
            }
            if read > MOST_EVENTS {
                let message = format!(
                    "more than {MOST_EVENTS} events lie before this instant, too many to replay at once: export them"
                );
                return Err(refused("at", message));
            }
            match page.next {
                Some(next) => range.from = next,
                None => return Ok(past),
            }
        }
    }

    fn fold(&mut self, event: &Event, at: Timestamp) {
        if event.at > at {
            self.over = true;
            return;
        }
        if !self.over {
            self.told_to = event.id.number;
        }
        self.known.fold(event);
        let Some(finding) = event.subjects.finding.as_ref().and_then(|id| self.known.findings.get_mut(id)) else {
            return;
        };
        // What is not read of it would fill the memory.
        finding.part = serde_json::Value::Null;
        if let Some(id) = finding.fields.triage.as_ref().and_then(|triage| triage["id"].as_str()) {
            self.decided.entry(id.to_owned()).or_insert(event.at);
        }
    }
}

/// The page of a list in the order of its keys, which are its cursors.
fn page<T>(mut all: Vec<(String, T)>, told_to: u64, (after, limit): (Option<&str>, usize)) -> PastPage<T> {
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let total = all.len();
    let mut items: Vec<(String, T)> =
        all.into_iter().filter(|(key, _)| after.is_none_or(|after| key.as_str() > after)).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    PastPage { items, more, total, told_to }
}

fn refused(field: &str, message: String) -> Error {
    UserError::of(UserErrorCode::Invalid, field, message).into()
}
