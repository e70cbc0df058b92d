//! Who else tells who somebody is: providers of OpenID Connect, such as Entra ID.
//!
//! Here belongs the protocol: where a provider is asked, how its answers are checked, and which of them count. It
//! implements [`app::ports::OpenId`]. Never here: accounts, sessions, who may register; a provider's word ends as an
//! [`app::ports::Identity`].
//!
//! `discovery` finds a provider's addresses, `keys` keeps its keys, `token` reads and verifies an ID token, `claims`
//! decides whether what it says counts, `provider` is the conversation.

mod claims;
mod discovery;
mod fetch;
mod keys;
mod none;
mod provider;
mod token;

pub use none::NoProvider;
pub use provider::{Provider, ProviderSettings};
