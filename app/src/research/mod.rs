//! What people ask Shodan itself, with the organization's key, beyond the assets that are watched.
//!
//! Here belong who may ask, what it may cost, and the words for what comes of it. Each request stands in the same
//! ledger as those of polls, so that one sum says what a key has left. Nothing that is asked here becomes a finding.
//! Never here: Shodan's addresses and formats.

mod desk;
mod exploits;
mod question;

pub use desk::{Desk, Plan};
pub use exploits::{exploits, exploits_of, kept_exploits};
pub(crate) use question::refused;
