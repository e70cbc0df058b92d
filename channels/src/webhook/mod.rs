//! Signed webhooks, as Standard Webhooks 1.0 has them.
//!
//! Here belong the spelling of keys, the signatures, which headers a channel may add, and one attempt. Where it may go
//! is the gate's business ([`crate::egress`]). Never here: a second attempt, what the body says.

mod ed25519;
mod headers;
mod keys;
mod send;
mod sign;

pub use ed25519::{decode_private_key, decode_public_key, encode_private_key, public_key, sign_v1a};
pub use headers::{HeaderRefused, check_header};
pub use keys::KeyError;
pub use send::Sender;
pub use sign::{MAX_SECRET, MIN_SECRET, SignError, decode_secret, encode_secret, sign, signatures};
