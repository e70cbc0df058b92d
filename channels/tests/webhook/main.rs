//! Webhooks over real sockets on loopback: what leaves, what comes back, and where nothing ever goes.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod answers;
mod corpus;
mod guard;
mod receiver;
mod requests;
mod setup;
