use domain::event::{Event, EventType};
use domain::ids::{AssetId, Bucket, EventId, FindingId, OrgId};
use domain::role::Action;
use domain::severity::Severity;
use jiff::Timestamp;

use crate::access::Caller;
use crate::ports::{RowRange, Table};
use crate::{App, Error, UserError, UserErrorCode, ledger, rows};

/// Said of a cursor that this log has not given.
const AHEAD: &str = "the cursor is ahead of the event log: it is another organization's, or the store was restored \
    from an older backup; begin without one";
/// What a page may read: so many rows.
const MOST_ROWS: usize = 1000;

/// Which events to list.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields of the API's EventFilter, described there")]
pub struct EventFilter {
    pub types: Option<Vec<EventType>>,
    pub min_severity: Option<Severity>,
    pub asset_id: Option<AssetId>,
    pub finding_id: Option<FindingId>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

impl EventFilter {
    /// Does the filter let the event through?
    pub fn takes(&self, e: &Event) -> bool {
        self.types.as_ref().is_none_or(|t| t.contains(&e.kind))
            && self.min_severity.is_none_or(|s| e.subjects.severity.is_none_or(|own| own >= s))
            && self.asset_id.as_ref().is_none_or(|id| e.subjects.asset.as_ref() == Some(id))
            && self.finding_id.as_ref().is_none_or(|id| e.subjects.finding.as_ref() == Some(id))
            && self.since.is_none_or(|t| e.at >= t)
            && self.until.is_none_or(|t| e.at < t)
    }
}

/// A page of events. Its cursor is the number of the last event that was looked at, also when none was shown.
#[derive(Clone, Debug, Default)]
pub struct EventPage {
    /// The events, oldest first.
    pub items: Vec<Event>,
    /// Up to which event the page has looked, in the direction of reading; 0: at none.
    pub looked_to: u64,
    /// Is there more behind the page?
    pub more: bool,
}

/// Events from behind number `after`, oldest first; or the ones before `before`, when `backward`.
pub async fn events_page(
    app: &App,
    caller: &Caller,
    filter: &EventFilter,
    part: (Option<u64>, usize, bool),
) -> Result<EventPage, Error> {
    caller.may(Action::Read)?;
    page_of_events(app, &caller.org, filter, part).await
}

/// The same for who has a right of their own to what they show of it.
pub(crate) async fn page_of_events(
    app: &App,
    org: &OrgId,
    filter: &EventFilter,
    (cursor, limit, backward): (Option<u64>, usize, bool),
) -> Result<EventPage, Error> {
    let bucket = Bucket::default();
    let partition = ledger::partition(org, bucket);
    let (head, _) = ledger::Head::read(&*app.tables, &partition).await?;
    // Whoever went on waiting there would miss what comes until then.
    if cursor.is_some_and(|number| number > head.events.saturating_add(u64::from(backward))) {
        return Err(UserError::general(UserErrorCode::Invalid, AHEAD).into());
    }
    let mut page = EventPage { looked_to: cursor.unwrap_or(0), ..EventPage::default() };
    if backward {
        let mut end = cursor.unwrap_or(head.events + 1);
        let mut read = 0;
        while end > 1 && read < MOST_ROWS as u64 {
            let start = end.saturating_sub(200).max(1);
            let events = read_events(app, &partition, bucket, start, end).await?;
            read += end - start;
            for event in events.into_iter().rev().filter(|e| filter.takes(e)) {
                if page.items.len() == limit {
                    page.more = true;
                    break;
                }
                page.looked_to = event.id.number;
                page.items.push(event);
            }
            if page.more {
                break;
            }
            end = start;
            page.looked_to = start;
        }
        page.more |= end > 1;
        page.items.reverse();
        return Ok(page);
    }
    let mut start = page.looked_to + 1;
    let first = start;
    while start <= head.events {
        let end = (start + 200).min(head.events + 1);
        for event in read_events(app, &partition, bucket, start, end).await? {
            if filter.takes(&event) {
                if page.items.len() == limit {
                    page.more = true;
                    return Ok(page);
                }
                page.items.push(event.clone());
            }
            page.looked_to = event.id.number;
        }
        start = end;
        if start - first >= MOST_ROWS as u64 && start <= head.events {
            page.more = true;
            break;
        }
    }
    Ok(page)
}

async fn read_events(app: &App, partition: &str, bucket: Bucket, start: u64, end: u64) -> Result<Vec<Event>, Error> {
    let key = |number| EventId { bucket, number }.row();
    let range = RowRange { from: key(start), to: Some(key(end)), limit: 200 };
    let page = app.tables.range(Table::Exposure, partition, range).await?;
    Ok(page.rows.iter().map(rows::decode).collect::<Result<_, _>>()?)
}
