use std::fmt;
use std::net::IpAddr;

use domain::ids::{OrgId, SessionId, UserId};
use domain::role::Role;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::note::{Note, carry_over};
use super::organization::{self, Organization};
use super::pointer::Pointer;
use super::secret::{Purpose, Secret};
use super::store::{Command, list, read_both};
use super::user::{self, MEMBERSHIPS, Membership, User};
use super::{Caller, Client, join};
use crate::audit::Deed;
use crate::ports::{Op, StoreError, Table};
use crate::{App, Error};

/// That somebody is signed in somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Never changes.
    pub id: SessionId,
    /// The organization that it acts in.
    pub org: OrgId,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last used, to five minutes.
    pub last_used_at: Timestamp,
    /// What the client called itself, at most 256 characters.
    pub user_agent: Option<String>,
    /// From where, if known.
    pub ip_address: Option<IpAddr>,
    /// What the pointer's partition is named after.
    pub(super) sha256: String,
}

/// A session ends when it was not used for so long.
pub const IDLE: SignedDuration = SignedDuration::from_hours(12);
/// A session ends so long after signing in.
pub const ABSOLUTE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// `last_used_at` is written no more often than this.
pub(super) const GRANULARITY: SignedDuration = SignedDuration::from_mins(5);
/// More sessions than anybody has devices; the oldest ends.
const MOST: usize = 50;
const LONGEST_AGENT: usize = 256;
pub(super) const SESSIONS: &str = "session|";

impl Session {
    /// Does it still count?
    pub fn is_live(&self, now: Timestamp) -> bool {
        now.duration_since(self.created_at) < ABSOLUTE && now.duration_since(self.last_used_at) < IDLE
    }
}

/// Somebody signed in.
#[derive(Clone)]
pub struct SignedIn {
    /// Who.
    pub caller: Caller,
    /// The session's secret, for cookie or bearer header; shown this once.
    pub token: String,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn")
            .field("caller", &self.caller)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Signs somebody in where they belong: in the organization that they joined first by its id.
pub(super) async fn start(app: &App, user: &User, client: &Client) -> Result<SignedIn, Error> {
    for belongs in list::<Membership>(app, &user::partition(&user.id), MEMBERSHIPS, 100).await? {
        let keys = [organization::PROFILE.to_owned(), organization::member(&user.id)];
        let found = read_both::<Organization, Membership>(app, &organization::partition(&belongs.org), keys).await?;
        let (Some(organization), member) = found else { continue };
        // Somebody who registered by an invitation, and whose way in broke off after that.
        let member = match member {
            Some(member) => Some(member.thing),
            None => join::resume(app, user, &belongs).await?,
        };
        if let Some(member) = member.filter(|_| organization.thing.closed_at.is_none()) {
            return start_in(app, user, &organization.thing, member.role, client).await;
        }
    }
    Err(Error::Forbidden("you belong to no organization".into()))
}

/// Signs somebody in. The session's row is last: nothing leads nowhere, and what counts can be listed and ended.
pub(super) async fn start_in(
    app: &App,
    user: &User,
    organization: &Organization,
    role: Role,
    client: &Client,
) -> Result<SignedIn, Error> {
    make_room(app, user).await;
    let secret = Secret::new(&*app.ids, Purpose::Session);
    let now = app.now();
    let session = Session {
        id: SessionId::from_ulid(&app.ulid()).map_err(|_| Error::Busy)?,
        org: organization.id.clone(),
        created_at: now,
        last_used_at: now,
        user_agent: client.user_agent.as_deref().map(printable),
        ip_address: client.address,
        sha256: secret.sha256(),
    };
    let pointer = Pointer::Session { user: user.id.clone(), org: organization.id.clone(), session: session.id.clone() };
    pointer.store(app, &secret).await?;
    let note = Note::to(app, vec![organization.id.clone()], user, client, Deed::SessionStarted, Vec::new())?;
    let command = Command::new(app);
    let row = command.row(key(&session.id), &session)?;
    command.apply(&user::partition(&user.id), vec![Op::Insert(row), note.op()?]).await?;
    carry_over(app, &user.id).await;
    let person = Caller::of_person(organization, user, role);
    let caller = Caller { session: Some(session.id), address: client.address, ..person };
    Ok(SignedIn { caller, token: secret.reveal(), expires_at: now + ABSOLUTE })
}

/// Ends a session. Its own row goes first, with the note that tells of it: from then on the secret opens nothing.
pub(super) async fn end(app: &App, partition: &str, session: &Session, note: Option<Op>) -> Result<(), Error> {
    let gone = Op::Delete { key: key(&session.id), etag: None };
    Command::new(app).commit(Table::Accounts, partition, note.into_iter().chain([gone]).collect()).await?;
    if let Err(error) = Pointer::clear(app, &session.sha256).await {
        tracing::debug!(%error, "a pointer to an ended session stays, and leads nowhere");
    }
    Ok(())
}

/// A person's sessions, oldest first, those that have ended by time included.
pub(super) async fn all(app: &App, user: &UserId) -> Result<Vec<Session>, StoreError> {
    list(app, &user::partition(user), SESSIONS, 2 * MOST).await
}

/// What ends all of a person's sessions but one, for a batch.
pub(super) fn end_others(sessions: &[Session], but: Option<&SessionId>) -> Vec<Op> {
    let others = sessions.iter().filter(|session| Some(&session.id) != but);
    others.take(MOST).map(|session| Op::Delete { key: key(&session.id), etag: None }).collect()
}

/// Clears away what has ended and, from [`MOST`] sessions on, the oldest. Signing in does not depend on it.
async fn make_room(app: &App, user: &User) {
    let partition = user::partition(&user.id);
    if let Err(error) = crate::repeat::forget_old(app, Table::Accounts, &partition).await {
        tracing::warn!(%error, "old answers stay for now");
    }
    let sessions = match all(app, &user.id).await {
        Ok(sessions) => sessions,
        Err(error) => return tracing::warn!(%error, "old sessions stay for now"),
    };
    // Ids ascend with time, so the oldest come first.
    let surplus = (sessions.len() + 1).saturating_sub(MOST);
    for (index, session) in sessions.iter().enumerate() {
        if (index < surplus || !session.is_live(app.now()))
            && let Err(error) = end(app, &partition, session, None).await
        {
            tracing::warn!(%error, "an old session stays for now");
        }
    }
}

pub(super) fn key(id: &SessionId) -> String {
    format!("{SESSIONS}{id}")
}

fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_AGENT).collect()
}
