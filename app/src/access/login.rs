use domain::email::EmailAddress;

use super::claim::Claim;
use super::password::{self, Password};
use super::session::{self, Session, SignedIn};
use super::store::{read, read_both};
use super::throttle::{self, Subject};
use super::user::{self, User};
use super::{Caller, Client, strength};
use crate::ports::{StoreError, Table};
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
    let right = password::verify(&input.password, stored).await?;
    let Some(user) = user.filter(|_| right) else { return Err(wrong().into()) };
    throttle::forgive(app, &subjects).await;
    session::start(app, &user, client).await
}

/// Ends the caller's session; an API token has none, and is revoked instead.
pub async fn logout(app: &App, caller: &Caller) -> Result<(), Error> {
    let (Some(id), Some(user)) = (&caller.session, &caller.user) else {
        let message = "only a session can be ended; revoke the API token instead";
        return Err(UserError::general(UserErrorCode::NotAllowed, message).into());
    };
    let partition = user::partition(user);
    match read::<Session>(app, Table::Accounts, &partition, &session::key(id)).await? {
        Some(session) => session::end(app, &partition, &session.thing).await,
        None => Ok(()),
    }
}

/// Reads an account, as many rows whether it exists or not.
async fn find(app: &App, email: &EmailAddress) -> Result<(Option<User>, Option<Password>), StoreError> {
    let claim = read::<Claim>(app, Table::Accounts, &user::email_partition(email), user::EMAIL_CLAIM).await?;
    let partition = claim.map_or_else(|| "user:nobody".to_owned(), |claim| user::partition(&claim.thing.user));
    let keys = [user::PROFILE.to_owned(), user::PASSWORD.to_owned()];
    let (user, password) = read_both::<User, Password>(app, &partition, keys).await?;
    Ok((user.map(|stored| stored.thing), password.map(|stored| stored.thing)))
}
