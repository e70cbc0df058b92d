use app::ports::SourceLetter;
use domain::event::EventType;

use super::page::{Block, Page};
use super::words::{counted, instant, line};

/// A source fails, answers again, or its credits run low: the monitor itself is not well, and says so.
pub(super) fn page(letter: &SourceLetter) -> Page {
    let source = line(&letter.source, 100);
    let (state, advice) = match letter.event {
        EventType::SourceRecovered => ("answers again", "What changed meanwhile is told as fresh answers prove it."),
        EventType::CreditsLow => (
            "has few credits left",
            "When there are none left, assets are polled more seldom or not at all. Raise the plan, or poll less often.",
        ),
        _ => (
            "is failing",
            "Until it answers, nothing new is seen of these assets: no finding is opened, and none is closed. Check the key, the credits and the source's own status.",
        ),
    };
    let mut facts = vec![("Source", source.clone()), ("Organization", line(&letter.organization, 100))];
    facts.extend(letter.since.map(|since| ("Since", instant(since))));
    facts.extend(Some(line(&letter.message, 500)).filter(|m| !m.is_empty()).map(|message| ("It says", message)));
    facts.extend(letter.affected_assets.map(|count| ("Affected", counted(count, "asset"))));
    facts.extend(letter.credits_left.map(|left| ("Credits left", left.to_string())));
    facts.extend(letter.resets_at.map(|at| ("New credits", instant(at))));
    Page::new(&format!("{source} {state}"))
        .push(Block::Heading { chip: None, text: format!("{source} {state}") })
        .push(Block::Facts(facts))
        .push(Block::Paragraph(advice.into()))
        .button("See how the sources stand", &letter.url)
        .footer(&letter.footer)
}
