//! People, organizations and what lets them in: registration, login, sessions, invitations, members, API tokens.
//!
//! Here belongs who somebody is ([`authenticate()`]), what they may ([`Caller::may`]; what a role means is decided in
//! [`domain::role`]), and what they change about themselves and their organization. Never here: cookies, headers, what
//! people do once they are in.
//!
//! Rows of `accounts`, each look-up one point read; every fact stands in one place only:
//!
//! | partition | row | holds |
//! | --- | --- | --- |
//! | `email:{address}` | `user` | whose address it is: a claim |
//! | `openid:{sha256}` | `user` | whose identity at a provider it is |
//! | `instance` | `first` | who registered first: a claim |
//! | `user:{id}` | `profile`, `password`, `membership|{org}`, `session|{id}` | a person |
//! | `user:{id}` | `mail|verify`, `mail|reset` | the token of a mail that was sent last: its hash and its end |
//! | `user:{id}` | `note|{id}` | an act on its way into the audit logs of organizations |
//! | `org:{id}` | `profile`, `member|{user}`, `roster`, `invitation|{id}`, `token|{id}`, `audit|…` | an organization |
//! | `orgs` | `{org}` | which organizations there are, for the timer |
//! | `token:{sha256}` | `credential` | whose secret it is: a pointer to a `session|` or `token|` row |
//! | `leaving`, `closing` | `{user}`, `{org}` | who is going for good, until all of theirs has gone |
//!
//! No batch spans partitions, so the order of writes carries the guarantee: what is written first is found by
//! nobody until the last row, which makes it true, is there. A crash leaves rows that lead nowhere.

mod api_token;
mod authenticate;
mod caller;
mod change;
mod claim;
mod closing;
mod founding;
mod invitation;
mod join;
mod leave;
mod letter;
mod login;
mod mail_token;
mod member;
mod names;
mod note;
mod openid;
mod organization;
mod own;
mod password;
mod people;
mod pointer;
mod profile;
mod purge;
mod register;
mod reset;
mod roster;
mod secret;
mod session;
mod store;
mod strength;
mod throttle;
mod user;
mod verify;
mod viewer;

#[cfg(test)]
mod tests;

pub use api_token::{
    ApiToken, NewApiToken, api_token, create_api_token, create_api_token_once, list_api_tokens, revoke_api_token,
};
pub use authenticate::{Credential, again, authenticate};
pub use caller::{Caller, Client};
pub use change::{OrganizationPatch, set_shodan_key, update_organization};
pub use founding::{bootstrap, is_anybody_registered};
pub use invitation::{Invitation, Invited, invitations, invite_member, revoke_invitation};
pub use join::accept_invitation;
pub use leave::delete_account;
pub(crate) use letter::post;
pub use letter::{Notice, Parcel, Posted};
pub use login::{Login, login, logout};
pub(crate) use member::colleague;
pub use member::{Member, Removal, Removed, change_member_role, fellow, members, memberships, remove_member};
pub(crate) use note::actor as actor_of;
pub use openid::{Begun, Brought, SIGN_IN, begin_openid, finish_openid};
pub use organization::{
    MIN_POLL_INTERVAL, Organization, OrganizationSettings, organization, organizations, shodan_key, shodan_key_place,
};
pub(crate) use organization::{PROFILE, partition as organization_partition};
pub use own::{create_organization, switch_organization};
pub use password::Hashing;
pub(crate) use people::people;
pub use profile::{ProfilePatch, change_password, revoke_session, update_profile};
pub(crate) use purge::purge;
pub use register::{Register, register};
pub use reset::{request_password_reset, reset_password};
pub use session::{ABSOLUTE, IDLE, Session, SignedIn};
pub use user::{Membership, User, user};
pub use verify::verify_email;
pub use viewer::{Viewer, viewer};
