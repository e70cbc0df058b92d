//! What is done at an organization's Shodan account besides looking: scans, alerts, and what those push.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod account;
mod alerts;
mod import;
mod plant;
mod pushes;
mod scans;
mod sealing;
mod streams;
