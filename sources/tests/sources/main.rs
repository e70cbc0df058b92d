//! The sources as a whole: captured answers, the simulator over real HTTP, the governor over several processes.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed unwrap is a failed test")]

mod answers;
mod captured;
mod client;
mod costs;
mod cursor;
mod cut;
mod exploits;
mod fallback;
mod faults;
mod governor;
mod intelligence;
mod invariance;
mod python;
mod replay;
mod simulator;
mod stream;
mod world;
