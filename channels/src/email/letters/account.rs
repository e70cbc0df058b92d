use app::ports::{AccountLetter, AccountLink, AccountMatter};

use super::page::{Block, Page};
use super::words::{instant, line, unlinked_name};

/// Something about the reader's own account, or an invitation to have one. An invitation goes to people who never
/// asked, so the names in it, which anybody can make up, are no links.
pub(super) fn page(letter: &AccountLetter) -> Page {
    let page = match &letter.matter {
        AccountMatter::VerifyAddress => opening(letter, "Confirm your address", "Is this address yours?")
            .push(says("Confirm it, so that iotmonitor knows that its mail reaches you.")),
        AccountMatter::ResetPassword => opening(letter, "Choose a new password", "Choose a new password").push(says(
            "Somebody asked for this, hopefully you. Your password stays as it is until you choose another.",
        )),
        AccountMatter::Invitation { organization, actor, role } => {
            let (organization, actor) = (unlinked_name(organization), unlinked_name(actor));
            let text = format!("{actor} invites you to iotmonitor, as {role} of {organization}.");
            opening(letter, "You are invited to iotmonitor", "You are invited").push(Block::Paragraph(text))
        }
        AccountMatter::PasswordChanged => opening(letter, "Your password was changed", "Your password was changed")
            .push(told(letter, "The password of your account was changed, and every other session has ended."))
            .push(says("If it was not you, choose a new password now by \"forgot password\".")),
        AccountMatter::AddressChanged => opening(letter, "Your address was changed", "Your address was changed")
            .push(told(letter, "Your account has another address now. Nothing more is sent to this one."))
            .push(says("If it was not you, tell whoever runs iotmonitor for you at once.")),
        AccountMatter::IdentityLinked { issuer } => {
            let text = format!("You can now sign in through {} as well.", unlinked_name(issuer));
            opening(letter, "Another way to sign in", "Another way to sign in")
                .push(told(letter, &text))
                .push(says("If it was not you, tell whoever runs iotmonitor for you at once."))
        }
        AccountMatter::AccountDeleted => opening(letter, "Your account is deleted", "Your account is deleted")
            .push(told(letter, "Your account is gone. What you did stays in the history of its organizations."))
            .push(says("Nothing more is sent to you.")),
    };
    match &letter.link {
        Some(link) => follow(page, &letter.matter, link),
        None => page,
    }
}

fn opening(letter: &AccountLetter, subject: &str, heading: &str) -> Page {
    let page = Page::new(subject).push(Block::Heading { chip: None, text: heading.into() });
    match &letter.name {
        Some(name) => page.push(Block::Paragraph(format!("Hello {},", line(name, 200)))),
        None => page,
    }
}

fn says(text: &str) -> Block {
    Block::Paragraph(text.into())
}

fn told(letter: &AccountLetter, text: &str) -> Block {
    Block::Paragraph(format!("{text} ({})", instant(letter.at)))
}

fn follow(page: Page, matter: &AccountMatter, link: &AccountLink) -> Page {
    let label = match matter {
        AccountMatter::VerifyAddress => "Confirm the address",
        AccountMatter::ResetPassword => "Choose a password",
        AccountMatter::Invitation { .. } => "Accept the invitation",
        _ => "Open iotmonitor",
    };
    page.button(label, &link.url)
        .push(says("Or enter this code:"))
        .push(Block::Code(line(&link.code, 200)))
        .push(Block::Paragraph(format!("Both work once, until {}.", instant(link.expires_at))))
        .push(says("If you do not know what this is about, do nothing."))
}
