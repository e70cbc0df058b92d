//! Journeys through the whole program, by the doors that people, machines and hosts use.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod functions;
mod openid;
mod receiver;
mod verifiers;
