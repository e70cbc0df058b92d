use app::ports::{AccountLetter, AccountLink, AccountMatter};
use domain::role::Role;

use super::page::{Block, Page};
use super::words::{instant, line, unlinked_name};

/// Something about the reader's own account, or an invitation to have one. An invitation goes to people who never
/// asked, so the names in it, which anybody can make up, are no links.
pub(super) fn page(letter: &AccountLetter) -> Page {
    let page = match &letter.matter {
        AccountMatter::VerifyAddress => opening(letter, "Confirm your address", "Is this address yours?")
            .push(says("Confirm it, so that iotmonitor knows that its mail reaches you.")),
        AccountMatter::ResetPassword => {
            let at = instant(letter.at);
            opening(letter, "Choose a new password", "Choose a new password").push(Block::Paragraph(format!(
                "Somebody, hopefully you, asked on {at} for a new password for your account. The one that you have \
                 stays until you choose another."
            )))
        }
        AccountMatter::Invitation { organization, actor, role } => {
            let (organization, actor, part) = (unlinked_name(organization), unlinked_name(actor), part(*role));
            opening(letter, "You are invited to iotmonitor", "You are invited")
                .push(Block::Paragraph(format!("{actor} invites you to join {organization} as {part}.")))
                .push(says(
                    "iotmonitor watches what can be seen of an organization's devices and networks from the Internet, \
                     and tells its people when something is wrong.",
                ))
        }
        AccountMatter::PasswordChanged => opening(letter, "Your password was changed", "Your password was changed")
            .push(told(letter, "The password of your account was changed", "Every other session has ended."))
            .push(says("If it was not you, ask for a new password on the sign-in page now, and tell whoever runs iotmonitor for you.")),
        AccountMatter::AddressChanged => opening(letter, "Your address was changed", "Your address was changed")
            .push(told(letter, "Your account was given another address", "Nothing more is sent to this one."))
            .push(says(STRANGER)),
        AccountMatter::IdentityLinked { issuer } => {
            let text = format!("A way to sign in through {} was added to your account", unlinked_name(issuer));
            opening(letter, "Another way to sign in", "Another way to sign in")
                .push(told(letter, &text, "Your other ways still work."))
                .push(says(STRANGER))
        }
        AccountMatter::AccountDeleted => opening(letter, "Your account is deleted", "Your account is deleted")
            .push(told(
                letter,
                "Your account was deleted",
                "What you did stays in the history of its organizations. Nothing more is sent to you.",
            ))
            .push(says(STRANGER)),
    };
    match &letter.link {
        Some(link) => follow(page, &letter.matter, link),
        None => page,
    }
}

/// What to do when somebody else did it.
const STRANGER: &str = "If it was not you, tell whoever runs iotmonitor for you at once.";

/// A role, and what it is for, as somebody reads it who has never seen iotmonitor.
const fn part(role: Role) -> &'static str {
    match role {
        Role::Viewer => "a viewer, who sees everything and changes nothing",
        Role::Member => "a member, who works on assets and findings",
        Role::Admin => "an administrator, who decides on rules, notifications and members",
        Role::Owner => "an owner, who answers for everything in it",
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

fn told(letter: &AccountLetter, what: &str, and: &str) -> Block {
    Block::Paragraph(format!("{what} on {}. {and}", instant(letter.at)))
}

fn follow(page: Page, matter: &AccountMatter, link: &AccountLink) -> Page {
    let (label, otherwise) = match matter {
        AccountMatter::VerifyAddress => {
            ("Confirm the address", "If you do not know what this is about, do nothing: the address stays unconfirmed.")
        }
        AccountMatter::ResetPassword => {
            ("Choose a password", "If it was not you, do nothing: without this mail nobody can choose one.")
        }
        AccountMatter::Invitation { .. } => {
            ("Accept the invitation", "If you do not know what this is about, do nothing: no account is made.")
        }
        _ => ("Open iotmonitor", "If you do not know what this is about, do nothing."),
    };
    page.button(label, &link.url)
        .push(says("Or enter this code:"))
        .push(Block::Code(line(&link.code, 200)))
        .push(Block::Paragraph(format!("The link or the code works once, until {}.", instant(link.expires_at))))
        .push(says(otherwise))
}
