//! Mail: hand-overs to a real mail server.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod secured;
mod server;
mod smtp;
