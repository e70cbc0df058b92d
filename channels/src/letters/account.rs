use app::ports::{InvitationLetter, ResetLetter, VerifyLetter};

use super::page::{Block, Page};
use super::words::{instant, unlinked_name};

/// Somebody is invited. Goes to people who may never have asked, so the names in it are no links.
pub(super) fn invitation(letter: &InvitationLetter) -> Page {
    let organization = unlinked_name(&letter.organization);
    let actor = letter.actor.as_deref().map_or_else(|| "Somebody".into(), unlinked_name);
    let role = unlinked_name(&letter.role);
    Page::new(&format!("You are invited to {organization}"))
        .push(Block::Heading { chip: None, text: format!("You are invited to {organization}") })
        .push(Block::Paragraph(format!(
            "{actor} invites you to {organization} on iotmonitor, as {role}. It watches the Internet-facing side of their devices."
        )))
        .button("Accept the invitation", &letter.url)
        .push(Block::Paragraph(format!("The invitation ends on {}.", instant(letter.expires_at))))
        .push(Block::Paragraph("If you do not know what this is about, do nothing.".into()))
}

/// Is this your address?
pub(super) fn verify(letter: &VerifyLetter) -> Page {
    Page::new("Verify your address")
        .push(Block::Heading { chip: None, text: "Is this your address?".into() })
        .push(Block::Paragraph("Somebody registered this address with iotmonitor.".into()))
        .button("Yes, it is mine", &letter.url)
        .push(Block::Paragraph(format!("The link works until {}.", instant(letter.expires_at))))
        .push(Block::Paragraph("If it was not you, do nothing.".into()))
}

/// A new password.
pub(super) fn reset(letter: &ResetLetter) -> Page {
    Page::new("Set a new password")
        .push(Block::Heading { chip: None, text: "Set a new password".into() })
        .push(Block::Paragraph("Somebody asked for a new password for this address.".into()))
        .button("Set a new password", &letter.url)
        .push(Block::Paragraph(format!(
            "The link works once, until {}. Your old password works until then.",
            instant(letter.expires_at)
        )))
        .push(Block::Paragraph("If it was not you, do nothing: nobody but you has got this link.".into()))
}
