//! From a registered asset to findings, over time and crashes.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod age;
mod budget;
mod economy;
mod lists;
mod plant;
mod polls;
mod repeats;
