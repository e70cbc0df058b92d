use app::ports::{EventLine, GroupLetter};

use super::page::{Block, EventRow, Page, link};
use super::words::{counted, happened, instant, line, what_and_where};

/// Several events as a list, the worst first.
pub(super) fn page(letter: &GroupLetter) -> Page {
    let first = letter.lines.first().map_or_else(String::new, said);
    let subject = match letter.total {
        0 | 1 => first,
        total => format!("{}, the worst: {first}", counted(total, "event")),
    };
    let heading = format!("{} in {}", counted(letter.total, "event"), line(&letter.organization, 100));
    Page::new(&subject)
        .push(Block::Heading { chip: None, text: heading })
        .push(Block::Events(letter.lines.iter().map(row).collect()))
        .more(letter.total, letter.lines.len())
        .button("Open all of them", &letter.url)
        .footer(&letter.footer)
}

/// One event of a list, as the summary shows it too.
pub(super) fn row(event: &EventLine) -> EventRow {
    EventRow {
        chip: event.severity.map(Into::into),
        title: what_and_where(&event.title, event.place.as_deref(), event.asset.as_deref()),
        detail: format!("{}, {}", happened(event.event), instant(event.at)),
        url: link(&event.url),
    }
}

/// `HIGH opened: Telnet open on 203.0.113.7:23 (Pump 3)`.
fn said(event: &EventLine) -> String {
    let severity = event.severity.map_or_else(String::new, |s| format!("{} ", s.as_str()));
    format!(
        "{severity}{}: {}",
        happened(event.event),
        what_and_where(&event.title, event.place.as_deref(), event.asset.as_deref())
    )
}
