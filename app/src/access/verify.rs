use domain::email::EmailAddress;
use domain::event::Change;
use serde::{Deserialize, Serialize};

use super::Client;
use super::claim::{Claimed, claim_email, release_email};
use super::letter::{Notice, Parcel, send_later, tell};
use super::mail_token::{Awaited, Errand, MailToken};
use super::note::{Note, carry_over};
use super::store::{Command, read_both};
use super::user::{self, User};
use crate::audit::Deed;
use crate::ports::{Commit, Op, Table};
use crate::{App, Error, UserError, UserErrorCode};

/// That a person says an address is theirs, and has not proved it yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pending {
    /// Which address.
    pub(super) email: EmailAddress,
    /// The token that was sent there last.
    pub(super) awaited: Option<Awaited>,
}

/// Its row at the person.
pub(super) const PENDING: &str = "mail|verify";

/// Asks by mail whether a mailbox is the person's. What was asked before does not count any more.
pub(super) async fn ask(app: &App, user: &User, email: &EmailAddress) -> Result<(), Error> {
    let command = Command::new(app);
    let row = command.row(PENDING, &Pending { email: email.clone(), awaited: None })?;
    command.apply(&user::partition(&user.id), vec![Op::Upsert(row)]).await?;
    send_later(app, &Parcel::Verify(user.id.clone())).await
}

/// Takes the word of a token from a mail: the mailbox is the person's, and from now on it is their address. Works
/// once, for 24 hours, and needs nobody to be signed in.
pub async fn verify_email(app: &App, token: &str, client: &Client) -> Result<User, Error> {
    let expired =
        || UserError::of(UserErrorCode::Expired, "token", "this link does not work any more: ask for another");
    let token = MailToken::parse(token).ok_or_else(expired)?;
    let Errand::Verify(id) = token.errand() else { return Err(expired().into()) };
    let partition = user::partition(id);
    let keys = [user::PROFILE.to_owned(), PENDING.to_owned()];
    let (Some(person), Some(pending)) = read_both::<User, Pending>(app, &partition, keys).await? else {
        return Err(expired().into());
    };
    let known = pending.thing.awaited.as_ref().is_some_and(|awaited| token.is(awaited, app.now()));
    if !known || !person.thing.is_live() {
        return Err(expired().into());
    }
    let (before, email) = (person.thing, pending.thing.email);
    let moved = before.email != email;
    if moved && claim_email(app, &email, id).await? != Claimed::Ours {
        return Err(UserError::of(UserErrorCode::Taken, "token", "somebody else has this address by now").into());
    }
    let after = User { email: email.clone(), email_verified: true, ..before.clone() };
    let change = Change::between("email", Some(before.email.to_string()), Some(email.to_string()));
    let note = Note::everywhere(app, &after, client, Deed::EmailVerified, change.into_iter().collect()).await?;
    let command = Command::new(app);
    let ops = vec![
        Op::Replace(command.row(user::PROFILE, &after)?, person.etag),
        Op::Delete { key: PENDING.into(), etag: Some(pending.etag) },
        note.op()?,
    ];
    match command.commit(Table::Accounts, &partition, ops).await? {
        Commit::Done => {}
        Commit::Conflict { .. } | Commit::Unknown => return Err(Error::Busy),
    }
    carry_over(app, id).await;
    if moved {
        tell(app, &before, Notice::AddressChanged).await;
        if before.email.account_key() != email.account_key()
            && let Err(error) = release_email(app, &before.email, id).await
        {
            tracing::warn!(%error, "an address that nobody has any more stays claimed, and counts for nobody");
        }
    }
    Ok(after)
}
