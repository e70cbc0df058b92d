use domain::email::EmailAddress;

use super::letter::{Notice, Parcel, send_later, tell};
use super::mail_token::{Awaited, Errand, MailToken};
use super::note::Note;
use super::session::{self, SignedIn};
use super::store::{Command, read_both};
use super::throttle::{self, Subject};
use super::user::{self, User};
use super::{Client, password, strength};
use crate::audit::Deed;
use crate::ports::{Commit, Op, Table};
use crate::{App, Error, UserError, UserErrorCode};

/// The row of the token that was sent last.
pub(super) const AWAITED: &str = "mail|reset";

/// Sends a link to choose a new password, if anybody has this address. The answer is the same, after the same work,
/// if nobody has: whether there is an account is looked up when the letter is written.
///
/// # Errors
/// [`Error::RateLimited`], alike for accounts that exist and those that do not; a server without mail.
pub async fn request_password_reset(app: &App, email: &str, client: &Client) -> Result<(), Error> {
    if !app.mailer.configured() {
        let message = "mail is not set up here: ask whoever runs the program for a new password";
        return Err(UserError::general(UserErrorCode::NotAllowed, message).into());
    }
    let Some(email) = EmailAddress::parse(email) else {
        let message = "enter an e-mail address such as ops@example.com";
        return Err(UserError::of(UserErrorCode::Invalid, "email", message).into());
    };
    let mut subjects: Vec<Subject> = client.address.map(Subject::address).into_iter().collect();
    subjects.push(Subject::reset(&email));
    throttle::enter(app, &subjects).await?;
    send_later(app, &Parcel::Reset(email)).await
}

/// Chooses a new password by the token of a mail, ends every session and opens one. Works once, for 30 minutes.
pub async fn reset_password(app: &App, token: &str, new: &str, client: &Client) -> Result<SignedIn, Error> {
    let expired =
        || UserError::of(UserErrorCode::Expired, "token", "this link does not work any more: ask for another");
    let token = MailToken::parse(token).ok_or_else(expired)?;
    let Errand::Reset(id) = token.errand() else { return Err(expired().into()) };
    let partition = user::partition(id);
    let keys = [user::PROFILE.to_owned(), AWAITED.to_owned()];
    let (Some(person), Some(awaited)) = read_both::<User, Awaited>(app, &partition, keys).await? else {
        return Err(expired().into());
    };
    if !token.is(&awaited.thing, app.now()) || !person.thing.is_live() {
        return Err(expired().into());
    }
    if let Some(fault) = strength::fault(new, Some(&person.thing.email), &person.thing.name) {
        return Err(fault.into());
    }
    let hashed = password::hash(app, new).await?;
    // Whoever has the token has the mailbox.
    let after = User { email_verified: true, ..person.thing };
    let note = Note::everywhere(app, &after, client, Deed::PasswordReset, Vec::new()).await?;
    let command = Command::new(app);
    let mut ops = vec![
        Op::Replace(command.row(user::PROFILE, &after)?, person.etag),
        Op::Upsert(command.row(user::PASSWORD, &hashed)?),
        Op::Delete { key: AWAITED.into(), etag: Some(awaited.etag) },
        note.op()?,
    ];
    ops.extend(session::end_others(&session::all(app, id).await?, None));
    match command.commit(Table::Accounts, &partition, ops).await? {
        Commit::Done => {}
        Commit::Conflict { .. } | Commit::Unknown => return Err(Error::Busy),
    }
    throttle::forgive(app, &[Subject::account(&after.email), Subject::reset(&after.email)]).await;
    tell(app, &after, Notice::PasswordChanged).await;
    session::start(app, &after, client).await
}
