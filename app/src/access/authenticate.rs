use std::fmt;

use domain::ids::{OrgId, SessionId, TokenId, UserId};

use super::Caller;
use super::api_token::{self, ApiToken};
use super::organization::{self, Organization};
use super::pointer::Pointer;
use super::secret::{Purpose, Secret};
use super::session::{self, GRANULARITY, Session};
use super::store::{Command, Stored, read_both};
use super::user::{self, Membership, User};
use crate::ports::{Op, StoreError, Table};
use crate::{App, Error};

/// What a request shows to be let in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credential<'a> {
    /// What followed `Authorization: Bearer`: an API token or a session's secret.
    Bearer(&'a str),
    /// What the session cookie said.
    Cookie(&'a str),
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer(…)",
            Self::Cookie(_) => "Cookie(…)",
        })
    }
}

/// Who shows this? `None`: nobody whom we know, or no longer. Garbage is told without a look-up; the rest takes two
/// rounds of point reads and, at most every five minutes, one write.
pub async fn authenticate(app: &App, credential: Credential<'_>) -> Result<Option<Caller>, Error> {
    let (Credential::Bearer(text) | Credential::Cookie(text)) = credential;
    let Some(secret) = Secret::parse(text) else { return Ok(None) };
    if matches!(credential, Credential::Cookie(_)) && secret.purpose() != Purpose::Session {
        return Ok(None);
    }
    match Pointer::find(app, &secret).await? {
        Some(Pointer::Session { user, org, session }) => of_session(app, &user, &org, &session).await,
        Some(Pointer::ApiToken { org, token }) => of_token(app, &org, &token).await,
        None => Ok(None),
    }
}

/// Who asked before, as they are now. `None`: their session or token has ended, or they are not there any more. For what
/// goes on for long after it was asked for; it costs what [`authenticate`] does, and counts as a use.
pub async fn again(app: &App, caller: &Caller) -> Result<Option<Caller>, Error> {
    let found = match caller {
        Caller { session: Some(session), user: Some(user), org, .. } => of_session(app, user, org, session).await?,
        Caller { token: Some(token), org, .. } => of_token(app, org, token).await?,
        // Of the program's own making: no credential that could have ended.
        _ => Some(caller.clone()),
    };
    Ok(found.map(|now| Caller { address: caller.address, ..now }))
}

async fn of_session(app: &App, user: &UserId, org: &OrgId, session: &SessionId) -> Result<Option<Caller>, Error> {
    let (person, place) = (user::partition(user), organization::partition(org));
    let (at_person, at_organization) = tokio::try_join!(
        read_both::<User, Session>(app, &person, [user::PROFILE.to_owned(), session::key(session)]),
        read_both::<Organization, Membership>(
            app,
            &place,
            [organization::PROFILE.to_owned(), organization::member(user)]
        ),
    )?;
    let ((Some(user), Some(session)), (Some(organization), Some(member))) = (at_person, at_organization) else {
        return Ok(None);
    };
    let now = app.now();
    if !session.thing.is_live(now) || !user.thing.is_live() || organization.thing.closed_at.is_some() {
        return Ok(None);
    }
    let caller = Caller {
        session: Some(session.thing.id.clone()),
        ..Caller::of_person(&organization.thing, &user.thing, member.thing.role)
    };
    if now.duration_since(session.thing.last_used_at) >= GRANULARITY {
        let noted = Session { last_used_at: now, ..session.thing };
        touch(app, &person, &session::key(&noted.id), Stored { thing: noted, etag: session.etag }).await;
    }
    Ok(Some(caller))
}

async fn of_token(app: &App, org: &OrgId, token: &TokenId) -> Result<Option<Caller>, Error> {
    let place = organization::partition(org);
    let keys = [organization::PROFILE.to_owned(), api_token::key(token)];
    let found = read_both::<Organization, ApiToken>(app, &place, keys).await?;
    let (Some(organization), Some(token)) = found else { return Ok(None) };
    let now = app.now();
    if !token.thing.is_live(now) || organization.thing.closed_at.is_some() {
        return Ok(None);
    }
    let caller = Caller::of_token(&organization.thing, &token.thing);
    if token.thing.last_used_at.is_none_or(|at| now.duration_since(at) >= GRANULARITY) {
        let noted = ApiToken { last_used_at: Some(now), ..token.thing };
        touch(app, &place, &api_token::key(&noted.id), Stored { thing: noted, etag: token.etag }).await;
    }
    Ok(Some(caller))
}

/// Notes the use, unless somebody else changed or ended it meanwhile. Nobody is turned away because that fails.
async fn touch<T: serde::Serialize>(app: &App, partition: &str, key: &str, used: Stored<T>) {
    let command = Command::new(app);
    let written = async {
        let row = command.row(key, &used.thing)?;
        command.commit(Table::Accounts, partition, vec![Op::Replace(row, used.etag)]).await
    };
    let written: Result<_, StoreError> = written.await;
    if let Err(error) = written {
        tracing::warn!(%error, "the use of a credential was not noted");
    }
}
