use app::ports::{DigestLetter, Period};
use domain::severity::Severity;

use super::group::row;
use super::page::{Block, Chip, Page};
use super::words::{counted, instant, line};

/// What happened in an hour, a day or a week.
pub(super) fn page(letter: &DigestLetter) -> Page {
    let opened: u32 = letter.opened.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count));
    let subject = match letter.total {
        0 => format!("{} digest: nothing happened", name(letter.period)),
        _ => format!(
            "{} digest: {} opened, {} resolved{}",
            name(letter.period),
            opened,
            letter.resolved,
            worst(&letter.opened)
        ),
    };
    let span = format!("{} to {}", instant(letter.from), instant(letter.until));
    let page = Page::new(&subject)
        .push(Block::Heading {
            chip: None,
            text: format!("{} of {}", titled(letter.period), line(&letter.organization, 100)),
        })
        .push(Block::Facts(vec![
            ("Time", span),
            ("Opened", counted(opened, "finding")),
            ("Resolved", counted(letter.resolved, "finding")),
            ("In all", counted(letter.total, "event")),
        ]));
    let page = match chips(&letter.opened) {
        counts if counts.is_empty() => page,
        counts => page.push(Block::Counts(counts)),
    };
    let page =
        if letter.total == 0 { page.push(Block::Paragraph("Nothing happened in this time.".into())) } else { page };
    page.section("What happened, the worst first", Block::Events(letter.lines.iter().map(row).collect()))
        .more(letter.total, letter.lines.len())
        .button("Open all of them", &letter.url)
        .footer(&letter.footer)
}

const fn name(period: Period) -> &'static str {
    match period {
        Period::Hourly => "Hourly",
        Period::Daily => "Daily",
        Period::Weekly => "Weekly",
    }
}

const fn titled(period: Period) -> &'static str {
    match period {
        Period::Hourly => "The last hour",
        Period::Daily => "The last day",
        Period::Weekly => "The last week",
    }
}

/// `, worst HIGH`, if there is one.
pub(super) fn worst(counts: &[(Severity, u32)]) -> String {
    let worst = counts.iter().filter(|(_, count)| *count > 0).map(|(severity, _)| *severity).max();
    worst.map_or_else(String::new, |w| format!(", worst {}", w.as_str()))
}

/// Those that there are.
pub(super) fn chips(counts: &[(Severity, u32)]) -> Vec<(Chip, u32)> {
    counts.iter().filter(|(_, count)| *count > 0).map(|(severity, count)| ((*severity).into(), *count)).collect()
}
