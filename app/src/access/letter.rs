//! Letters about accounts: asked for while a request is answered, written and sent by the queue's handler.
//!
//! So nobody waits for a mail server, a letter survives one that is away for a while, and an answer takes as long
//! whether anybody gets a letter or not. The message holds no token: one is made when the letter is written, and the
//! one before stops working.

use std::time::Duration;

use domain::email::EmailAddress;
use domain::ids::{InvitationId, OrgId, UserId};
use serde_json::{Value, json};

use super::invitation::{self, invitation};
use super::login::find;
use super::mail_token::{Awaited, Errand, MailToken};
use super::store::{Command, read};
use super::user::{self, User};
use super::verify::{PENDING, Pending};
use super::{organization, reset};
use crate::ports::{AccountLetter, AccountLink, AccountMatter, Commit, Letter, Mail, Op, QueueName, Table};
use crate::{App, Error};

/// A letter that is to be written, as a message of the queue names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parcel {
    /// To prove a mailbox: the one that a person registered with or wants to have now.
    Verify(UserId),
    /// To choose a new password, if anybody has this address.
    Reset(EmailAddress),
    /// To come into an organization.
    Invitation {
        /// Which.
        org: OrgId,
        /// By which invitation.
        invitation: InvitationId,
    },
    /// That something was done to an account.
    Notice(EmailAddress, String, Notice),
}

/// What was done to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The password was changed.
    PasswordChanged,
    /// It has another address.
    AddressChanged,
    /// It was tied to a provider of identities.
    IdentityLinked(String),
    /// It is gone.
    Deleted,
}

/// What became of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// The mail server took it.
    Sent,
    /// Nobody is to get it (any more).
    NotNeeded,
    /// The mail server refuses it for good, or refused it too often.
    GivenUp,
    /// It is tried again later.
    Later,
}

/// After so many seconds a letter that the mail server did not take is tried again.
const AGAIN: [u64; 6] = [30, 120, 600, 1_800, 7_200, 21_600];

impl Parcel {
    /// What stands in the message behind its kind.
    pub(crate) fn parts(&self) -> Vec<Value> {
        match self {
            Self::Verify(user) => vec![json!("verify"), json!(user)],
            Self::Reset(email) => vec![json!("reset"), json!(email)],
            Self::Invitation { org, invitation } => vec![json!("invitation"), json!(org), json!(invitation)],
            Self::Notice(email, name, Notice::PasswordChanged) => vec![json!("password"), json!(email), json!(name)],
            Self::Notice(email, name, Notice::AddressChanged) => vec![json!("address"), json!(email), json!(name)],
            Self::Notice(email, name, Notice::Deleted) => vec![json!("deleted"), json!(email), json!(name)],
            Self::Notice(email, name, Notice::IdentityLinked(issuer)) => {
                vec![json!("identity"), json!(email), json!(name), json!(issuer)]
            }
        }
    }

    /// Reads it again.
    pub(crate) fn parse(parts: &[Value]) -> Option<Self> {
        let texts: Vec<&str> = parts.iter().map(Value::as_str).collect::<Option<_>>()?;
        let notice =
            |email: &str, name: &str, notice| Some(Self::Notice(EmailAddress::parse(email)?, name.to_owned(), notice));
        match texts.as_slice() {
            ["verify", user] => Some(Self::Verify(user.parse().ok()?)),
            ["reset", email] => Some(Self::Reset(EmailAddress::parse(email)?)),
            ["invitation", org, id] => Some(Self::Invitation { org: org.parse().ok()?, invitation: id.parse().ok()? }),
            ["password", email, name] => notice(email, name, Notice::PasswordChanged),
            ["address", email, name] => notice(email, name, Notice::AddressChanged),
            ["deleted", email, name] => notice(email, name, Notice::Deleted),
            ["identity", email, name, issuer] => notice(email, name, Notice::IdentityLinked((*issuer).to_owned())),
            _ => None,
        }
    }
}

/// Asks for a letter.
pub(super) async fn send_later(app: &App, parcel: &Parcel) -> Result<(), Error> {
    let body = crate::notify::message::letter(parcel, 0);
    Ok(app.queue.put(QueueName::Notifications, &body, Duration::ZERO).await?)
}

/// Tells somebody what was done to their account. Nothing is undone because that fails.
pub(super) async fn tell(app: &App, user: &User, notice: Notice) {
    if !app.mailer.configured() {
        return;
    }
    let parcel = Parcel::Notice(user.email.clone(), user.name.clone(), notice);
    if let Err(error) = send_later(app, &parcel).await {
        tracing::warn!(user = %user.id, %error, "a person is not told what was done to their account");
    }
}

/// Asks a new person whether the mailbox is theirs.
pub(super) async fn greet(app: &App, user: &User) {
    if user.email_verified || !app.mailer.configured() {
        return;
    }
    if let Err(error) = super::verify::ask(app, user, &user.email).await {
        tracing::warn!(user = %user.id, %error, "a person is not asked whether the mailbox is theirs");
    }
}

/// Writes and sends a letter; `tries` says how often that was tried. An error means: let the message come back.
pub(crate) async fn post(app: &App, parcel: &Parcel, tries: u32) -> Result<Posted, Error> {
    let Some((to, letter)) = write(app, parcel).await? else { return Ok(Posted::NotNeeded) };
    let words = app.letters.compose(&Letter::Account(Box::new(letter.clone())));
    let mail = Mail {
        to,
        to_name: letter.name,
        subject: words.subject,
        text: words.text,
        html: words.html,
        message_id: format!("account_{}", app.ulid()),
        headers: vec![("Auto-Submitted".into(), "auto-generated".into())],
    };
    let Err(error) = app.mailer.send(mail).await else { return Ok(Posted::Sent) };
    let wait = AGAIN.get(tries as usize).filter(|_| error.retry);
    let Some(wait) = wait else {
        tracing::error!(code = error.code, "a letter about an account was not taken");
        return Ok(Posted::GivenUp);
    };
    let body = crate::notify::message::letter(parcel, tries + 1);
    app.queue.put(QueueName::Notifications, &body, Duration::from_secs(*wait)).await?;
    Ok(Posted::Later)
}

/// To whom, and what. `None`: there is nobody, or nothing to do any more.
async fn write(app: &App, parcel: &Parcel) -> Result<Option<(EmailAddress, AccountLetter)>, Error> {
    let at = app.now();
    Ok(match parcel {
        Parcel::Verify(user) => verify(app, user).await?,
        Parcel::Reset(email) => reset(app, email).await?,
        Parcel::Invitation { org, invitation } => invite(app, org, invitation).await?,
        Parcel::Notice(email, name, notice) => {
            let matter = match notice {
                Notice::PasswordChanged => AccountMatter::PasswordChanged,
                Notice::AddressChanged => AccountMatter::AddressChanged,
                Notice::IdentityLinked(issuer) => AccountMatter::IdentityLinked { issuer: issuer.clone() },
                Notice::Deleted => AccountMatter::AccountDeleted,
            };
            Some((email.clone(), AccountLetter { matter, name: Some(name.clone()), at, link: None }))
        }
    })
}

async fn verify(app: &App, id: &UserId) -> Result<Option<(EmailAddress, AccountLetter)>, Error> {
    let partition = user::partition(id);
    let Some(person) = user::user(app, id).await?.filter(User::is_live) else { return Ok(None) };
    let Some(pending) = read::<Pending>(app, Table::Accounts, &partition, PENDING).await? else { return Ok(None) };
    let (link, awaited) = link(app, "verify-email", Errand::Verify(id.clone()));
    let written = Pending { awaited: Some(awaited), ..pending.thing };
    let command = Command::new(app);
    let row = command.row(PENDING, &written)?;
    stored(&command.commit(Table::Accounts, &partition, vec![Op::Replace(row, pending.etag)]).await?)?;
    let matter = AccountMatter::VerifyAddress;
    Ok(Some((written.email, AccountLetter { matter, name: Some(person.name), at: app.now(), link: Some(link) })))
}

async fn reset(app: &App, email: &EmailAddress) -> Result<Option<(EmailAddress, AccountLetter)>, Error> {
    let (Some(person), _) = find(app, email).await? else { return Ok(None) };
    if !person.is_live() {
        return Ok(None);
    }
    let (link, awaited) = link(app, "reset-password", Errand::Reset(person.id.clone()));
    let command = Command::new(app);
    let row = command.row(reset::AWAITED, &awaited)?;
    stored(&command.commit(Table::Accounts, &user::partition(&person.id), vec![Op::Upsert(row)]).await?)?;
    let matter = AccountMatter::ResetPassword;
    Ok(Some((person.email, AccountLetter { matter, name: Some(person.name), at: app.now(), link: Some(link) })))
}

async fn invite(app: &App, org: &OrgId, id: &InvitationId) -> Result<Option<(EmailAddress, AccountLetter)>, Error> {
    let Some(organization) = organization(app, org).await? else { return Ok(None) };
    let Some(found) = invitation(app, org, id).await? else { return Ok(None) };
    let (link, awaited) = link(app, "invitation", Errand::Join(org.clone(), id.clone()));
    let invited = invitation::Invitation { awaited: Some(awaited), expires_at: link.expires_at, ..found.thing };
    let command = Command::new(app);
    let row = command.row(invitation::key(id), &invited)?;
    let partition = organization::partition(org);
    stored(&command.commit(Table::Accounts, &partition, vec![Op::Replace(row, found.etag)]).await?)?;
    let matter = AccountMatter::Invitation {
        organization: organization.name,
        actor: invited.invited_by.name,
        role: invited.role,
    };
    Ok(Some((invited.email, AccountLetter { matter, name: None, at: app.now(), link: Some(link) })))
}

/// A page of the console with a new token. What stands behind `#` is not sent to any server, and in no log.
fn link(app: &App, page: &str, errand: Errand) -> (AccountLink, Awaited) {
    let token = MailToken::new(&*app.ids, errand);
    let awaited = token.awaited(app.now());
    let code = token.reveal();
    let url = format!("{}/app/{page}#token={code}", app.settings.public_url);
    (AccountLink { url, code, expires_at: awaited.expires_at }, awaited)
}

/// A letter goes out only when the token in it is known.
fn stored(commit: &Commit) -> Result<(), Error> {
    if *commit == Commit::Done { Ok(()) } else { Err(Error::Busy) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ULID: &str = "01J8ZQ4W3E9V6T5R2P1N0M8K7H";

    #[test]
    fn parcels_read_back_and_nothing_else_does() {
        let email = EmailAddress::parse("ada@example.com").unwrap();
        let user = UserId::from_ulid(ULID).unwrap();
        let (org, invitation) = (OrgId::from_ulid(ULID).unwrap(), InvitationId::from_ulid(ULID).unwrap());
        let notice = |notice| Parcel::Notice(email.clone(), "Ada".into(), notice);
        for parcel in [
            Parcel::Verify(user),
            Parcel::Reset(email.clone()),
            Parcel::Invitation { org, invitation },
            notice(Notice::PasswordChanged),
            notice(Notice::AddressChanged),
            notice(Notice::Deleted),
            notice(Notice::IdentityLinked("https://id.example".into())),
        ] {
            assert_eq!(Parcel::parse(&parcel.parts()), Some(parcel));
        }
        for bad in [json!([]), json!(["verify"]), json!(["verify", "x"]), json!(["reset", "x"]), json!(["reset", 1])] {
            assert_eq!(Parcel::parse(bad.as_array().unwrap()), None, "{bad}");
        }
    }
}
