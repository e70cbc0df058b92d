//! Who may do what: the roles of people, the scopes of tokens, and the one function that decides.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A word that is none of the API's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a word of the API")]
pub struct UnknownWord;

/// What a person is in an organization. Ordered: who is greater may do all that the lesser may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Works: assets, triage, comments.
    Member,
    /// Decides how the work is done: rules, channels, tokens, members.
    Admin,
    /// Answers for everything, and alone may destroy.
    Owner,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Member, Self::Admin, Self::Owner];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "VIEWER",
            Self::Member => "MEMBER",
            Self::Admin => "ADMIN",
            Self::Owner => "OWNER",
        }
    }
}

/// What an API token is for. A token does what one of its scopes names *and* the role behind it may. What it changed it
/// sees; where that leads takes [`Scope::Read`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Scope {
    /// Read everything but the audit log.
    Read,
    /// Register, change, retire and refresh assets.
    WriteAssets,
    /// Triage findings, assign them, comment on them, link tickets.
    Triage,
    /// Change rules and triage policies. To try a rule is to read, too.
    ManageRules,
    /// Change and test channels, send again what they were sent, and see their deliveries' secrets.
    ManageNotifications,
    /// Change the organization, its people and its tokens.
    Admin,
    /// Cause calls that cost Shodan credits.
    SpendCredits,
    /// Read the audit log.
    ReadAudit,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::WriteAssets,
        Self::Triage,
        Self::ManageRules,
        Self::ManageNotifications,
        Self::Admin,
        Self::SpendCredits,
        Self::ReadAudit,
    ];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::WriteAssets => "WRITE_ASSETS",
            Self::Triage => "TRIAGE",
            Self::ManageRules => "MANAGE_RULES",
            Self::ManageNotifications => "MANAGE_NOTIFICATIONS",
            Self::Admin => "ADMIN",
            Self::SpendCredits => "SPEND_CREDITS",
            Self::ReadAudit => "READ_AUDIT",
        }
    }
}

macro_rules! words {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                Self::ALL.into_iter().find(|word| word.as_str() == text).ok_or(UnknownWord)
            }
        }
    };
}
words!(Role);
words!(Scope);

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// See assets, findings, events, channels, people.
    Read,
    /// Register and change assets.
    WriteAssets,
    /// End the watch over assets.
    RetireAssets,
    /// Destroy retired assets with their history.
    DeleteAssets,
    /// Decide about findings.
    Triage,
    /// Write under findings.
    Comment,
    /// Change rules and triage policies.
    ManageRules,
    /// Change channels.
    ManageNotifications,
    /// Make and revoke API tokens.
    ManageTokens,
    /// Invite, promote and remove people.
    ManageMembers,
    /// Change the organization's name, settings and Shodan key.
    ManageOrganization,
    /// Destroy the organization.
    DeleteOrganization,
    /// Cause a call that costs Shodan credits.
    SpendCredits,
    /// Read who did what.
    ReadAudit,
    /// Look after an account of one's own: profile, password, sessions, memberships. No token has one.
    ManageAccount,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 15] = [
        Self::Read,
        Self::WriteAssets,
        Self::RetireAssets,
        Self::DeleteAssets,
        Self::Triage,
        Self::Comment,
        Self::ManageRules,
        Self::ManageNotifications,
        Self::ManageTokens,
        Self::ManageMembers,
        Self::ManageOrganization,
        Self::DeleteOrganization,
        Self::SpendCredits,
        Self::ReadAudit,
        Self::ManageAccount,
    ];

    /// The least role that may.
    pub const fn role(self) -> Role {
        match self {
            Self::Read | Self::ManageAccount => Role::Viewer,
            Self::WriteAssets | Self::RetireAssets | Self::Triage | Self::Comment | Self::SpendCredits => Role::Member,
            Self::ManageRules
            | Self::ManageNotifications
            | Self::ManageTokens
            | Self::ManageMembers
            | Self::ManageOrganization
            | Self::ReadAudit => Role::Admin,
            Self::DeleteAssets | Self::DeleteOrganization => Role::Owner,
        }
    }

    /// The scope that a token needs; `None`: no token may.
    pub const fn scope(self) -> Option<Scope> {
        Some(match self {
            Self::ManageAccount => return None,
            Self::Read => Scope::Read,
            Self::WriteAssets | Self::RetireAssets => Scope::WriteAssets,
            Self::Triage | Self::Comment => Scope::Triage,
            Self::ManageRules => Scope::ManageRules,
            Self::ManageNotifications => Scope::ManageNotifications,
            Self::DeleteAssets
            | Self::ManageTokens
            | Self::ManageMembers
            | Self::ManageOrganization
            | Self::DeleteOrganization => Scope::Admin,
            Self::SpendCredits => Scope::SpendCredits,
            Self::ReadAudit => Scope::ReadAudit,
        })
    }

    /// What it is, to complete "you may not …".
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Read => "read this",
            Self::WriteAssets => "change assets",
            Self::RetireAssets => "retire assets",
            Self::DeleteAssets => "delete assets",
            Self::Triage => "triage findings",
            Self::Comment => "comment on findings",
            Self::ManageRules => "change rules",
            Self::ManageNotifications => "change notification channels",
            Self::ManageTokens => "manage API tokens",
            Self::ManageMembers => "manage members",
            Self::ManageOrganization => "change the organization",
            Self::DeleteOrganization => "delete the organization",
            Self::SpendCredits => "spend Shodan credits",
            Self::ReadAudit => "read the audit log",
            Self::ManageAccount => "look after a person's account",
        }
    }
}

/// May somebody of this role do this? With `scopes` (an API token) only what one of them names, too; no scope
/// holds another.
pub fn allows(role: Role, scopes: Option<&BTreeSet<Scope>>, action: Action) -> bool {
    let in_scope = |scopes: &BTreeSet<Scope>| action.scope().is_some_and(|needed| scopes.contains(&needed));
    role >= action.role() && scopes.is_none_or(in_scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each role may, as people read it: V(iewer), M(ember), A(dmin), O(wner).
    const TABLE: [(Action, &str, Option<Scope>); 15] = [
        (Action::Read, "VMAO", Some(Scope::Read)),
        (Action::WriteAssets, "MAO", Some(Scope::WriteAssets)),
        (Action::RetireAssets, "MAO", Some(Scope::WriteAssets)),
        (Action::DeleteAssets, "O", Some(Scope::Admin)),
        (Action::Triage, "MAO", Some(Scope::Triage)),
        (Action::Comment, "MAO", Some(Scope::Triage)),
        (Action::ManageRules, "AO", Some(Scope::ManageRules)),
        (Action::ManageNotifications, "AO", Some(Scope::ManageNotifications)),
        (Action::ManageTokens, "AO", Some(Scope::Admin)),
        (Action::ManageMembers, "AO", Some(Scope::Admin)),
        (Action::ManageOrganization, "AO", Some(Scope::Admin)),
        (Action::DeleteOrganization, "O", Some(Scope::Admin)),
        (Action::SpendCredits, "MAO", Some(Scope::SpendCredits)),
        (Action::ReadAudit, "AO", Some(Scope::ReadAudit)),
        (Action::ManageAccount, "VMAO", None),
    ];

    #[test]
    fn the_table_names_every_action() {
        assert_eq!(TABLE.map(|(action, ..)| action), Action::ALL);
    }

    #[test]
    fn a_person_may_what_the_table_says() {
        for (action, may, _) in TABLE {
            for role in Role::ALL {
                assert_eq!(allows(role, None, action), may.contains(&role.as_str()[..1]), "{role} {action:?}");
            }
        }
    }

    #[test]
    fn a_token_may_only_what_both_its_scope_and_its_role_say() {
        for (action, _, needed) in TABLE {
            for scope in Scope::ALL {
                let scopes = BTreeSet::from([scope]);
                assert_eq!(allows(Role::Owner, Some(&scopes), action), Some(scope) == needed, "{scope} {action:?}");
            }
            let all = BTreeSet::from(Scope::ALL);
            for role in Role::ALL {
                let may = needed.is_some() && allows(role, None, action);
                assert_eq!(allows(role, Some(&all), action), may, "{role} {action:?}");
            }
            assert!(!allows(Role::Owner, Some(&BTreeSet::new()), action));
        }
    }

    #[test]
    fn words_read_back_and_are_the_ones_that_are_stored() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
        }
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
            assert_eq!(serde_json::to_string(&scope).unwrap(), format!("\"{scope}\""));
        }
        assert!("owner".parse::<Role>().is_err());
    }
}
