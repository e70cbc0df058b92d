use domain::ids::SessionId;
use domain::role::Role;

use super::session::{SESSIONS, Session};
use super::store::list;
use super::user::{self, MEMBERSHIPS, Membership, User};
use super::{ApiToken, Caller, Organization, api_token, organization};
use crate::{App, Error};

/// Who asks, as they see themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The person; `None`: an API token asks.
    pub user: Option<User>,
    /// The API token; `None`: a person asks.
    pub token: Option<ApiToken>,
    /// What they are in the organization that they act in.
    pub role: Role,
    /// Where the person belongs; of a token the one where it was made.
    pub organizations: Vec<Organization>,
    /// Where the person is signed in, oldest first.
    pub sessions: Vec<Session>,
    /// The session that asks.
    pub current: Option<SessionId>,
}

/// More than anybody has.
const MOST: usize = 100;

/// Reads what the caller may see of themselves.
pub async fn viewer(app: &App, caller: &Caller) -> Result<Viewer, Error> {
    let token = match &caller.token {
        Some(id) => api_token(app, &caller.org, id).await?,
        None => None,
    };
    let mut viewer = Viewer {
        user: None,
        token,
        role: caller.role,
        organizations: Vec::new(),
        sessions: Vec::new(),
        current: caller.session.clone(),
    };
    let mut orgs = vec![caller.org.clone()];
    if let Some(id) = &caller.user {
        let partition = user::partition(id);
        viewer.user = user::user(app, id).await?;
        let sessions: Vec<Session> = list(app, &partition, SESSIONS, MOST).await?;
        viewer.sessions = sessions.into_iter().filter(|session| session.is_live(app.now())).collect();
        let memberships: Vec<Membership> = list(app, &partition, MEMBERSHIPS, MOST).await?;
        orgs = memberships.into_iter().map(|membership| membership.org).collect();
    }
    for org in &orgs {
        viewer.organizations.extend(organization(app, org).await?);
    }
    Ok(viewer)
}
