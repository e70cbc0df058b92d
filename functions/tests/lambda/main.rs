//! The process as AWS Lambda starts it: under a stand-in of ours, which can send what no gateway would, and under the
//! emulator of cargo-lambda, which others made.
#![cfg(all(feature = "lambda", unix))]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod emulated;
mod events;
mod http_api;
mod program;
mod stand_in;
