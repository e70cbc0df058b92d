//! What always holds, whatever happens in whatever order: random scripts of what people, sources and time do.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod clock;
mod counters;
mod moves;
mod plant;
mod replays;
