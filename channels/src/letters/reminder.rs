use app::ports::ReminderLetter;

use super::digest::{chips, worst};
use super::group::row;
use super::page::{Block, Page};
use super::words::{counted, line};

/// What people were told of before, and nobody has decided about.
pub(super) fn page(letter: &ReminderLetter) -> Page {
    let findings = counted(letter.total, "finding");
    let overdue = if letter.overdue == 0 { String::new() } else { format!(", {} overdue", letter.overdue) };
    let intro = if letter.total == 1 {
        "You were told of it, and nobody has decided anything about it since."
    } else {
        "You were told of each of them, and nobody has decided anything about them since."
    };
    Page::new(&format!("Still open: {findings}{overdue}{}", worst(&letter.counts)))
        .push(Block::Heading { chip: None, text: format!("Still open in {}", line(&letter.organization, 100)) })
        .push(Block::Paragraph(format!("{findings}{overdue}. {intro}")))
        .push(Block::Counts(chips(&letter.counts)))
        .section("The worst", Block::Events(letter.lines.iter().map(row).collect()))
        .more(letter.total, letter.lines.len())
        .button("Open the findings", &letter.url)
        .footer(&letter.footer)
}
