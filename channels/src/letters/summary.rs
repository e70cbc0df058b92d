use app::ports::SummaryLetter;

use super::digest::{chips, worst};
use super::group::row;
use super::page::{Block, Page};
use super::words::{counted, line};

/// What the first poll of assets found: one letter instead of one per finding.
pub(super) fn page(letter: &SummaryLetter) -> Page {
    let found = letter.counts.iter().fold(0_u32, |sum, (_, count)| sum.saturating_add(*count));
    let assets = counted(letter.assets, "asset");
    let subject = format!("First poll of {assets}: {}{}", counted(found, "finding"), worst(&letter.counts));
    let intro = format!(
        "{} of {} {} polled for the first time: {}, {}.",
        assets,
        line(&letter.organization, 100),
        if letter.assets == 1 { "was" } else { "were" },
        counted(letter.services, "service"),
        counted(found, "finding"),
    );
    let page = Page::new(&subject)
        .push(Block::Heading { chip: None, text: format!("First poll of {assets}") })
        .push(Block::Paragraph(intro));
    let page = if found == 0 {
        page.push(Block::Paragraph("Nothing is wrong as far as the Internet can see.".into()))
    } else {
        page.push(Block::Counts(chips(&letter.counts)))
    };
    page.section("The worst", Block::Events(letter.worst.iter().map(row).collect()))
        .push(Block::Paragraph("From now on you hear of what changes.".into()))
        .button("Open the findings", &letter.url)
        .footer(&letter.footer)
}
