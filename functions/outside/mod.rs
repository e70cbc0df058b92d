//! What the program takes from the machine it runs on: time, chance, connections, tokens, the key of its vault.
//!
//! Each has its one place here, and the rest of the program gets it handed in. Never here: settings, decisions.

mod authorities;
mod identity;
mod keys;
mod outbound;
mod system;

pub use authorities::AuthorityError;
pub use identity::ManagedIdentity;
pub use keys::{KEY_FILE, KeyError, keep_key, kept_key};
pub use outbound::Outbound;
pub use system::{SystemClock, SystemIds};
