//! The HTTP layer on a small schema of its own: what clients see, in memory and over real sockets.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed unwrap is a failed test")]
#![expect(
    clippy::unused_async,
    reason = "a resolver is asynchronous by contract, also where it has nothing to wait for"
)]

mod answers;
mod engine;
mod hardship;
mod others;
mod streams;
