//! The one gate through which requests leave for addresses that strangers chose.
//!
//! Here belongs what keeps them from the inside of any network: which addresses may be reached, and how one request is
//! made. The guard stands in three places that cannot be walked around: the URL before anything happens, the address
//! if the URL names one, and the answer of the DNS: what was checked is what is connected to. Never here: what is
//! sent, what an answer means to a product. Mail is not sent through it: its server is the operator's choice.

mod address;
mod answer;
mod endpoint;
mod failure;
mod gate;
mod resolve;

pub use address::{EgressPolicy, is_forbidden};
pub use endpoint::Blocked;
pub use gate::{Gate, Limits};
pub use resolve::{Lookup, LookupFailed, SystemDns};

pub(crate) use answer::{Answer, MAX_WAIT};
pub(crate) use failure::Failure;
pub(crate) use gate::{attempt, secrets_of};
