use app::ports::ConfirmLetter;

use super::page::{Block, Page};
use super::words::{instant, line, unlinked_name};

/// May we write to you? Goes to people who never asked, so the names in it, which anybody can make up, are no links.
pub(super) fn page(letter: &ConfirmLetter) -> Page {
    let organization = unlinked_name(&letter.organization);
    let actor = letter.actor.as_deref().map_or_else(|| "Somebody".into(), unlinked_name);
    let channel = unlinked_name(&letter.channel);
    Page::new("Confirm that you want mail about findings")
        .push(Block::Heading { chip: None, text: "Confirm this address".into() })
        .push(Block::Paragraph(format!(
            "{actor} of {organization} asks iotmonitor to write to you when something is wrong with the Internet-facing side of their devices (channel {channel})."
        )))
        .button("Confirm", &letter.url)
        .push(Block::Paragraph("Or enter this code:".into()))
        .push(Block::Code(line(&letter.code, 40)))
        .push(Block::Paragraph(format!("Both work until {}.", instant(letter.expires_at))))
        .push(Block::Paragraph("If you do not know what this is about, do nothing: no other mail follows.".into()))
}
