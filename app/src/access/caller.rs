use std::collections::BTreeSet;
use std::net::IpAddr;

use domain::actor::{Actor, ActorKind};
use domain::ids::{OrgId, SessionId, TokenId, UserId};
use domain::role::{Action, Role, Scope, allows};

use super::{ApiToken, Organization, User, note};
use crate::Error;

/// Who asks, in which organization, with what rights. Every use case that somebody can reach takes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The one organization that the credential acts in.
    pub org: OrgId,
    /// Its name.
    pub organization: String,
    /// As history names them.
    pub actor: Actor,
    /// What they are there; a token: what its maker was.
    pub role: Role,
    /// What a token is for; `None`: a person.
    pub scopes: Option<BTreeSet<Scope>>,
    /// The person; a token is none.
    pub user: Option<UserId>,
    /// The session, if they signed in.
    pub session: Option<SessionId>,
    /// The API token, if it is one.
    pub token: Option<TokenId>,
    /// Where the request comes from, where the edge can tell.
    pub address: Option<IpAddr>,
}

/// What is known of where a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The address, where it can be trusted.
    pub address: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

impl Caller {
    /// A person, not signed in.
    pub(super) fn of_person(organization: &Organization, user: &User, role: Role) -> Self {
        Self {
            org: organization.id.clone(),
            organization: organization.name.clone(),
            actor: note::actor(user),
            role,
            scopes: None,
            user: Some(user.id.clone()),
            session: None,
            token: None,
            address: None,
        }
    }

    /// An API token.
    pub(super) fn of_token(organization: &Organization, token: &ApiToken) -> Self {
        let actor =
            Actor { kind: ActorKind::Token, id: Some(token.id.to_string()), name: token.name.clone(), email: None };
        Self {
            org: organization.id.clone(),
            organization: organization.name.clone(),
            actor,
            role: token.role,
            scopes: Some(token.scopes.clone()),
            user: None,
            session: None,
            token: Some(token.id.clone()),
            address: None,
        }
    }

    /// May they do this? Otherwise [`Error::Forbidden`], which says what is missing.
    pub fn may(&self, action: Action) -> Result<(), Error> {
        if allows(self.role, self.scopes.as_ref(), action) {
            return Ok(());
        }
        let what = action.describe();
        Err(Error::Forbidden(match (allows(self.role, None, action), action.scope()) {
            (true, Some(scope)) => format!("this API token may not {what}: it lacks the scope {scope}"),
            (true, None) => format!("an API token may not {what}: sign in as a person"),
            (false, _) => format!("you may not {what}: that takes the role {}, yours is {}", action.role(), self.role),
        }))
    }

    /// Where they ask from, as far as it is known.
    pub(super) fn client(&self) -> Client {
        Client { address: self.address, user_agent: None }
    }

    /// The person who asks, about their own account. A token has none: [`Error::Forbidden`].
    pub fn person(&self) -> Result<&UserId, Error> {
        self.may(Action::ManageAccount)?;
        self.user.as_ref().ok_or(Error::Unauthenticated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role, scopes: Option<BTreeSet<Scope>>) -> Caller {
        Caller {
            org: OrgId::from_ulid("01J8ZQ4W3E9V6T5R2P1N0M8K7H").unwrap(),
            organization: "Acme".into(),
            actor: Actor::system(),
            role,
            scopes,
            user: None,
            session: None,
            token: None,
            address: None,
        }
    }

    #[test]
    fn who_may_not_is_told_what_is_missing() {
        assert!(caller(Role::Member, None).may(Action::Triage).is_ok());
        let person = caller(Role::Viewer, None).may(Action::Triage).unwrap_err();
        assert_eq!(person.to_string(), "you may not triage findings: that takes the role MEMBER, yours is VIEWER");
        let token = caller(Role::Owner, Some(BTreeSet::from([Scope::Read]))).may(Action::Triage).unwrap_err();
        assert_eq!(token.to_string(), "this API token may not triage findings: it lacks the scope TRIAGE");
    }
}
