//! What leaves by the gate, over real sockets on loopback: what arrives, what comes back, and where nothing ever goes.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../products/mod.rs"]
mod products;

#[path = "../letters/fixtures.rs"]
mod fixtures;

mod chat;
mod corpus;
mod families;
mod guard;
mod receiver;
mod setup;
mod webhook;
