//! The words about people, and what they did wrong.

use async_graphql::Enum;

/// What kind of actor it was.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::actor::ActorKind")]
pub enum ActorKind {
    /// A person.
    User,
    /// An API token.
    Token,
    /// The program itself.
    System,
}

/// What kind of fault an input has.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "app::UserErrorCode")]
pub enum UserErrorCode {
    /// Something is missing.
    Required,
    /// Not of the form that it must have.
    Invalid,
    /// Too many characters.
    TooLong,
    /// Too many items.
    TooMany,
    /// Somebody else has it.
    Taken,
    /// No such thing here.
    NotFound,
    /// The state of things does not allow it.
    Conflict,
    /// Not for this person or token, or not in this state.
    NotAllowed,
    /// Not an address that may be watched.
    PrivateAddress,
    /// More than the organization may have.
    QuotaExceeded,
    /// Too easy to guess.
    WeakPassword,
    /// Address and password do not belong together.
    InvalidCredentials,
    /// Its time is over.
    Expired,
    /// Too often.
    RateLimited,
    /// Somebody else's service did not answer.
    Upstream,
}

/// What a person is in an organization.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::role::Role")]
pub enum Role {
    /// May everything.
    Owner,
    /// Manages rules, channels, people and tokens.
    Admin,
    /// Works: assets, triage, comments.
    Member,
    /// Reads.
    Viewer,
}

/// What a token may be used for. No scope holds another: who may write sees what was written, and where that leads, such
/// as from a finding to its asset, rule or history, takes READ as well.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::role::Scope")]
pub enum Scope {
    /// Reads everything but the audit log.
    Read,
    /// Registers, changes, retires and refreshes assets.
    WriteAssets,
    /// Decides about findings, assigns them, comments on them and links tickets.
    Triage,
    /// Changes rules and triage policies; to try a rule takes READ, too.
    ManageRules,
    /// Changes channels, tests them, and sends again what they were sent.
    ManageNotifications,
    /// Changes the organization, its people and its tokens, and deletes retired assets.
    Admin,
    /// Orders scans; with READ, asks Shodan what costs credits.
    SpendCredits,
    /// Reads the audit log.
    ReadAudit,
}

/// Whose Shodan key is used. NONE: only the free InternetDB is asked.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShodanKeySource {
    /// The organization's own.
    Organization,
    /// The operator's.
    Instance,
    /// None: only InternetDB is asked.
    None,
}
