//! Signed webhooks, as Standard Webhooks 1.0 has them, to addresses that strangers chose.
//!
//! Here belongs the guard (which addresses may be reached), the signature, and one attempt. The guard stands in three
//! places that cannot be walked around: the URL before anything happens, the address if the URL names one, and the
//! answer of the DNS: what was checked is what is connected to. Never here: a second attempt.

mod address;
mod answer;
mod endpoint;
mod failure;
mod headers;
mod resolve;
mod send;
mod sign;

pub use address::{EgressPolicy, is_forbidden};
pub use endpoint::Blocked;
pub use headers::{HeaderRefused, check_header};
pub use resolve::{Lookup, LookupFailed, SystemDns};
pub use send::{Limits, Sender};
pub use sign::{MAX_SECRET, MIN_SECRET, SecretError, SignError, decode_secret, encode_secret, sign, signatures};
