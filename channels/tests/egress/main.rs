//! What leaves by the gate, over real sockets on loopback: what arrives, what comes back, and where nothing ever goes.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod corpus;
mod guard;
mod receiver;
mod setup;
mod webhook;
