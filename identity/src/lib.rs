//! Who else tells who somebody is: providers of OpenID Connect, such as Entra ID.
//!
//! Here belongs the protocol: where a provider is asked, how its answers are checked, and which of them count. It
//! implements [`app::ports::OpenId`]. Never here: accounts, sessions, who may register; a provider's word ends as an
//! [`app::ports::Identity`].

mod none;

pub use none::NoProvider;
