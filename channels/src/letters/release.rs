use app::ports::ReleaseLetter;

use super::group::row;
use super::page::{Block, Page};
use super::words::{counted, instant, line};

/// What quiet hours held back: what still is so, and what is over already.
pub(super) fn page(letter: &ReleaseLetter) -> Page {
    let ended = u32::try_from(letter.ended.len()).unwrap_or(u32::MAX);
    let worst = letter.lines.iter().filter_map(|l| l.severity).max();
    let worst = worst.map_or_else(String::new, |w| format!(", worst {}", w.as_str()));
    let subject = match letter.total {
        0 => format!("After quiet hours: {} ended by itself", counted(ended, "event")),
        total => format!("After quiet hours: {}{worst}", counted(total, "event")),
    };
    let organization = line(&letter.organization, 100);
    let page = Page::new(&subject)
        .push(Block::Heading { chip: None, text: format!("What quiet hours held back in {organization}") })
        .push(Block::Facts(vec![("Quiet", format!("{} to {}", instant(letter.from), instant(letter.until)))]));
    let page = match letter.total {
        0 => page.push(Block::Paragraph("Nothing of it is left to be done.".into())),
        _ => page,
    };
    page.section("Still so", Block::Events(letter.lines.iter().map(row).collect()))
        .more(letter.total, letter.lines.len())
        .section("Began and ended meanwhile", Block::Events(letter.ended.iter().map(row).collect()))
        .button("Open all of them", &letter.url)
        .footer(&letter.footer)
}
