use domain::email::EmailAddress;
use domain::event::Change;
use domain::ids::SessionId;

use super::claim::{Claimed, claim_email, release_email};
use super::letter::{Notice, tell};
use super::names::required_name;
use super::note::{Note, carry_over};
use super::password::{self, Password, Verdict};
use super::session::{self, Session};
use super::store::{Command, Stored, read, read_both};
use super::throttle::{self, Subject};
use super::user::{self, User};
use super::{Caller, strength, verify};
use crate::audit::Deed;
use crate::ports::{Commit, Op, Table};
use crate::{App, Error, UserError, UserErrorCode};

/// What a person changes about themselves. `None`: stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    /// What others call them, at most 200 characters.
    pub name: Option<String>,
    /// Where mail goes. Takes effect when the link that is sent there is followed; at once where no mail is set up.
    pub email: Option<String>,
    /// IANA name, such as `Europe/Rome`.
    pub time_zone: Option<String>,
}

/// Changes the caller's own profile.
pub async fn update_profile(app: &App, caller: &Caller, patch: &ProfilePatch) -> Result<User, Error> {
    let id = caller.person()?;
    let partition = user::partition(id);
    let Some(Stored { thing: before, etag }) = read::<User>(app, Table::Accounts, &partition, user::PROFILE).await?
    else {
        return Err(Error::Unauthenticated);
    };
    let (mut after, wanted) = checked(&before, patch)?;
    let by_mail = app.mailer.configured();
    if let Some(email) = wanted.as_ref().filter(|_| !by_mail) {
        if claim_email(app, email, id).await? != Claimed::Ours {
            return Err(taken().into());
        }
        (after.email, after.email_verified) = (email.clone(), false);
    }
    let changes = changes(&before, &after);
    if !changes.is_empty() {
        let note = Note::everywhere(app, &after, &caller.client(), Deed::ProfileChanged, changes).await?;
        let command = Command::new(app);
        let ops = vec![Op::Replace(command.row(user::PROFILE, &after)?, etag), note.op()?];
        match command.commit(Table::Accounts, &partition, ops).await? {
            Commit::Done => carry_over(app, id).await,
            Commit::Conflict { .. } | Commit::Unknown => return Err(Error::Busy),
        }
        if before.email.account_key() != after.email.account_key() {
            release_email(app, &before.email, id).await?;
        }
    }
    if let Some(email) = wanted.filter(|_| by_mail) {
        ask(app, &after, &email).await?;
    }
    Ok(after)
}

/// Sends a link to the new address: at most as many as anybody may ask for.
async fn ask(app: &App, user: &User, email: &EmailAddress) -> Result<(), Error> {
    throttle::enter(app, &[Subject::reset(email)]).await?;
    let (other, _) = super::login::find(app, email).await?;
    if other.is_some_and(|other| other.id != user.id && other.is_live()) {
        return Err(taken().into());
    }
    verify::ask(app, user, email).await
}

fn taken() -> UserError {
    UserError::of(UserErrorCode::Taken, "email", "another account has this address")
}

/// The profile with what changes at once, and the address that is wanted.
fn checked(before: &User, patch: &ProfilePatch) -> Result<(User, Option<EmailAddress>), Error> {
    let (mut after, mut wanted, mut faults) = (before.clone(), None, Vec::new());
    if let Some(name) = &patch.name {
        match required_name(name, "name") {
            Ok(name) => after.name = name,
            Err(fault) => faults.push(fault),
        }
    }
    if let Some(zone) = &patch.time_zone {
        if is_zone(zone) {
            after.time_zone.clone_from(zone);
        } else {
            let message = "enter an IANA name such as Europe/Rome";
            faults.push(UserError::of(UserErrorCode::Invalid, "timeZone", message));
        }
    }
    if let Some(email) = &patch.email {
        if let Some(email) = EmailAddress::parse(email) {
            // Asking again about the address that is not proved yet sends another link.
            wanted = Some(email).filter(|email| *email != before.email || !before.email_verified);
        } else {
            let message = "enter an e-mail address such as ops@example.com";
            faults.push(UserError::of(UserErrorCode::Invalid, "email", message));
        }
    }
    if faults.is_empty() { Ok((after, wanted)) } else { Err(Error::User(faults)) }
}

/// Has it the form of an IANA name? Which names there are changes several times a year, and is not ours to know.
fn is_zone(name: &str) -> bool {
    let form = |c: char| c.is_ascii_alphanumeric() || "_+-/".contains(c);
    name.len() <= 64
        && name.chars().all(form)
        && (name == "UTC" || name.split('/').filter(|p| !p.is_empty()).count() > 1)
}

fn changes(before: &User, after: &User) -> Vec<Change> {
    let text = |text: &str| Some(text.to_owned());
    [
        Change::between("name", text(&before.name), text(&after.name)),
        Change::between("email", text(before.email.as_str()), text(after.email.as_str())),
        Change::between("timeZone", text(&before.time_zone), text(&after.time_zone)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Changes the caller's password, and ends every other session of theirs.
///
/// # Errors
/// [`Error::User`] with `INVALID_CREDENTIALS` when the current one is wrong, slowed down like a login.
pub async fn change_password(app: &App, caller: &Caller, current: &str, new: &str) -> Result<User, Error> {
    let id = caller.person()?;
    let partition = user::partition(id);
    let (person, stored) = confirmed(app, caller, current, "currentPassword").await?;
    if let Some(fault) = strength::fault(new, Some(&person.email), &person.name) {
        return Err(UserError { field: vec!["input".into(), "newPassword".into()], ..fault }.into());
    }
    let hashed = password::hash(app, new).await?;
    let note = Note::everywhere(app, &person, &caller.client(), Deed::PasswordChanged, Vec::new()).await?;
    let command = Command::new(app);
    let mut ops = vec![Op::Replace(command.row(user::PASSWORD, &hashed)?, stored.etag), note.op()?];
    ops.extend(session::end_others(&session::all(app, id).await?, caller.session.as_ref()));
    match command.commit(Table::Accounts, &partition, ops).await? {
        Commit::Done => carry_over(app, id).await,
        Commit::Conflict { .. } | Commit::Unknown => return Err(Error::Busy),
    }
    tell(app, &person, Notice::PasswordChanged).await;
    Ok(person)
}

/// The caller's profile and password, if they know it.
pub(super) async fn confirmed(
    app: &App,
    caller: &Caller,
    typed: &str,
    field: &str,
) -> Result<(User, Stored<Password>), Error> {
    let wrong = || UserError::of(UserErrorCode::InvalidCredentials, field, "this is not the password");
    let keys = [user::PROFILE.to_owned(), user::PASSWORD.to_owned()];
    let found = read_both::<User, Password>(app, &user::partition(caller.person()?), keys).await?;
    let (Some(person), Some(stored)) = found else {
        let message = "the account has no password: choose one by “forgot password” first";
        return Err(UserError::of(UserErrorCode::NotAllowed, field, message).into());
    };
    if typed.len() > strength::MAX_BYTES {
        return Err(wrong().into());
    }
    let subjects = [Subject::account(&person.thing.email)];
    throttle::enter(app, &subjects).await?;
    if password::verify(app, typed, Some(&stored.thing)).await? == Verdict::Wrong {
        return Err(wrong().into());
    }
    throttle::forgive(app, &subjects).await;
    Ok((person.thing, stored))
}

/// Ends one of the caller's own sessions.
pub async fn revoke_session(app: &App, caller: &Caller, id: &SessionId) -> Result<SessionId, Error> {
    let user = caller.person()?;
    let partition = user::partition(user);
    let keys = [user::PROFILE.to_owned(), session::key(id)];
    let (Some(person), Some(found)) = read_both::<User, Session>(app, &partition, keys).await? else {
        return Err(UserError::of(UserErrorCode::NotFound, "id", "you have no such session").into());
    };
    let orgs = vec![found.thing.org.clone()];
    let note = Note::to(app, orgs, &person.thing, &caller.client(), Deed::SessionEnded, Vec::new())?;
    session::end(app, &partition, &found.thing, Some(note.op()?)).await?;
    carry_over(app, user).await;
    Ok(id.clone())
}
