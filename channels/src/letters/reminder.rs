use app::ports::ReminderLetter;

use super::group::row;
use super::page::{Block, Page};
use super::words::{counted, line};

/// What people were told of before, and nobody has decided about.
pub(super) fn page(letter: &ReminderLetter) -> Page {
    let findings = counted(letter.total, "finding");
    let overdue = if letter.overdue == 0 { String::new() } else { format!(", {} overdue", letter.overdue) };
    let worst = letter.counts.iter().filter(|(_, count)| *count > 0).map(|(severity, _)| *severity).max();
    let worst = worst.map_or_else(String::new, |w| format!(", worst {}", w.as_str()));
    let intro = if letter.total == 1 {
        "You were told of it, and nobody has decided anything about it since."
    } else {
        "You were told of each of them, and nobody has decided anything about them since."
    };
    let counts = letter.counts.iter().filter(|(_, count)| *count > 0);
    Page::new(&format!("Still open: {findings}{overdue}{worst}"))
        .push(Block::Heading { chip: None, text: format!("Still open in {}", line(&letter.organization, 100)) })
        .push(Block::Paragraph(format!("{findings}{overdue}. {intro}")))
        .push(Block::Counts(counts.map(|(severity, count)| ((*severity).into(), *count)).collect()))
        .section("The worst", Block::Events(letter.lines.iter().map(row).collect()))
        .more(letter.total, letter.lines.len())
        .button("Open the findings", &letter.url)
        .footer(&letter.footer)
}
