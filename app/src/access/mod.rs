//! People, organizations and what lets them in: registration, login, sessions, API tokens.
//!
//! Here belongs who somebody is ([`authenticate()`]) and what they may ([`Caller::may`]); what a role means is
//! decided in [`domain::role`]. Never here: cookies, headers, what people do once they are in.
//!
//! Rows of `accounts`, each look-up one point read; every fact stands in one place only:
//!
//! | partition | row | holds |
//! | --- | --- | --- |
//! | `email:{address}` | `user` | whose address it is: a claim |
//! | `instance` | `first` | who registered first: a claim |
//! | `user:{id}` | `profile`, `password`, `membership|{org}`, `session|{id}` | a person |
//! | `org:{id}` | `profile`, `member|{user}`, `token|{id}` | an organization |
//! | `orgs` | `{org}` | which organizations there are, for the timer |
//! | `token:{sha256}` | `credential` | whose secret it is: a pointer to a `session|` or `token|` row |
//!
//! No batch spans partitions, so the order of writes carries the guarantee: what is written first is found by
//! nobody until the last row, which makes it true, is there. A crash leaves rows that lead nowhere.

mod api_token;
mod authenticate;
mod caller;
mod claim;
mod fellow;
mod founding;
mod login;
mod organization;
mod password;
mod pointer;
mod register;
mod secret;
mod session;
mod store;
mod strength;
mod throttle;
mod user;
mod viewer;

#[cfg(test)]
mod tests;

pub use api_token::{
    ApiToken, NewApiToken, api_token, create_api_token, create_api_token_once, list_api_tokens, revoke_api_token,
};
pub use authenticate::{Credential, authenticate};
pub use caller::{Caller, Client};
pub use fellow::fellow;
pub use founding::bootstrap;
pub use login::{Login, login, logout};
pub(crate) use organization::partition as organization_partition;
pub use organization::{
    MIN_POLL_INTERVAL, Organization, OrganizationSettings, organization, organizations, shodan_key, shodan_key_place,
};
pub use register::{Register, register};
pub use session::{ABSOLUTE, IDLE, Session, SignedIn};
pub use user::{Membership, User, user};
pub use viewer::{Viewer, viewer};
