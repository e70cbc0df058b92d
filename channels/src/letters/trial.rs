use app::ports::TestLetter;

use super::page::{Block, Page};
use super::words::{instant, line};

/// Somebody tests a channel.
pub(super) fn page(letter: &TestLetter) -> Page {
    let organization = line(&letter.organization, 100);
    let channel = line(&letter.footer.channel, 100);
    let actor = letter.actor.as_ref().map_or_else(|| "Somebody".into(), |actor| line(actor, 100));
    Page::new(&format!("Test of the channel {channel}"))
        .push(Block::Heading { chip: None, text: "This channel works".into() })
        .push(Block::Paragraph(format!("{actor} of {organization} sent this test on {}.", instant(letter.at))))
        .push(Block::Paragraph("Nothing is wrong, and there is nothing to do.".into()))
        .footer(&letter.footer)
}
