use app::ports::FloodLetter;

use super::digest::{chips, worst};
use super::group::row;
use super::page::{Block, Page};
use super::words::{counted, instant, line};

/// More than the channel's cap: one letter instead of many, with the worst and where the others are.
pub(super) fn page(letter: &FloodLetter) -> Page {
    let events = counted(letter.total, "event");
    let organization = line(&letter.organization, 100);
    let intro = format!(
        "Since {} there were {events}, more than the {} that this channel takes. They are summed up here; none of them is told one by one.",
        instant(letter.since),
        counted(letter.limit, "message"),
    );
    let page = Page::new(&format!("{events} summed up{}", worst(&letter.counts)))
        .push(Block::Heading { chip: None, text: format!("{events} in {organization}") })
        .push(Block::Paragraph(intro));
    let page = match chips(&letter.counts) {
        counts if counts.is_empty() => page,
        counts => page.push(Block::Counts(counts)),
    };
    page.section("The worst", Block::Events(letter.worst.iter().map(row).collect()))
        .more(letter.total, letter.worst.len())
        .button("Open all of them", &letter.url)
        .footer(&letter.footer)
}
