//! Crashes at every storage call, on the real embedded store: from a new device over its poll to a receiver that was
//! told. Whatever the process was at when it died, the next one finishes it, once.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod embedded;
mod plant;
