use domain::email::EmailAddress;

use super::claim::Claim;
use super::note::{Note, carry_over};
use super::password::{self, Password, Verdict};
use super::session::{self, Session, SignedIn};
use super::store::{Command, Stored, read, read_both};
use super::throttle::{self, Subject};
use super::user::{self, User};
use super::{Caller, Client, strength};
use crate::audit::Deed;
use crate::ports::{Op, StoreError, Table};
use crate::{App, Error, UserError, UserErrorCode};

/// What somebody typed to get in.
#[derive(Clone, Default)]
pub struct Login {
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: String,
}

/// Signs a person in with a new session.
///
/// # Errors
/// [`Error::User`] with `INVALID_CREDENTIALS`, the same and after the same work whether the account exists or not;
/// [`Error::RateLimited`].
pub async fn login(app: &App, input: Login, client: &Client) -> Result<SignedIn, Error> {
    let wrong = || UserError::general(UserErrorCode::InvalidCredentials, "the e-mail address or the password is wrong");
    // What could never have been registered needs no look-up, and tells nothing of who was.
    let Some(email) = EmailAddress::parse(&input.email) else { return Err(wrong().into()) };
    if input.password.len() > strength::MAX_BYTES {
        return Err(wrong().into());
    }
    let mut subjects: Vec<Subject> = client.address.map(Subject::address).into_iter().collect();
    subjects.push(Subject::account(&email));
    throttle::enter(app, &subjects).await?;
    let (user, stored) = find(app, &email).await?;
    let verdict = password::verify(app, &input.password, stored.as_ref().map(|stored| &stored.thing)).await?;
    let Some(user) = user.filter(|user| user.is_live() && verdict != Verdict::Wrong) else {
        return Err(wrong().into());
    };
    throttle::forgive(app, &subjects).await;
    if let (Verdict::Outdated, Some(stored)) = (verdict, stored) {
        upgrade(app, &user, &input.password, stored).await;
    }
    session::start(app, &user, client).await
}

/// Ends the caller's session; an API token has none, and is revoked instead.
pub async fn logout(app: &App, caller: &Caller) -> Result<(), Error> {
    let (Some(id), Some(user)) = (&caller.session, &caller.user) else {
        let message = "only a session can be ended; revoke the API token instead";
        return Err(UserError::general(UserErrorCode::NotAllowed, message).into());
    };
    let partition = user::partition(user);
    let keys = [user::PROFILE.to_owned(), session::key(id)];
    let (Some(person), Some(session)) = read_both::<User, Session>(app, &partition, keys).await? else {
        return Ok(());
    };
    let orgs = vec![session.thing.org.clone()];
    let note = Note::to(app, orgs, &person.thing, &caller.client(), Deed::SessionEnded, Vec::new())?;
    session::end(app, &partition, &session.thing, Some(note.op()?)).await?;
    carry_over(app, user).await;
    Ok(())
}

/// Reads an account, as many rows whether it exists or not.
pub(super) async fn find(
    app: &App,
    email: &EmailAddress,
) -> Result<(Option<User>, Option<Stored<Password>>), StoreError> {
    let claim = read::<Claim>(app, Table::Accounts, &user::email_partition(email), user::EMAIL_CLAIM).await?;
    let partition = claim.map_or_else(|| "user:nobody".to_owned(), |claim| user::partition(&claim.thing.user));
    let keys = [user::PROFILE.to_owned(), user::PASSWORD.to_owned()];
    let (user, password) = read_both::<User, Password>(app, &partition, keys).await?;
    // A claim may be older than the address that its person has now.
    let theirs = |user: &User| user.email.account_key() == email.account_key();
    let user = user.map(|stored| stored.thing).filter(theirs);
    Ok(if user.is_some() { (user, password) } else { (None, None) })
}

/// Hashes the password anew, with as much work as is asked for now. Nobody is turned away because that fails.
async fn upgrade(app: &App, user: &User, password: &str, stored: Stored<Password>) {
    let upgraded = async {
        let hashed = Password { changed_at: stored.thing.changed_at, ..password::hash(app, password).await? };
        let command = Command::new(app);
        let row = command.row(user::PASSWORD, &hashed)?;
        command.commit(Table::Accounts, &user::partition(&user.id), vec![Op::Replace(row, stored.etag)]).await?;
        Ok::<_, Error>(())
    };
    if let Err(error) = upgraded.await {
        tracing::warn!(user = %user.id, %error, "a password stays hashed as it was");
    }
}
