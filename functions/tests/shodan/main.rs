//! What people ask Shodan through the API: on a simulator of it, over HTTP.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod asking;
mod captured;
mod exploits;
mod faults;
mod monitor;
mod scans;
mod streams;
mod world;
