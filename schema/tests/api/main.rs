//! The API as its clients meet it: documents in, JSON out, on a store in memory.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod client;
mod following;
mod surface;
