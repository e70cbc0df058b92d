//! The same program without a cloud around it: its own timer and its own queue pump, beside the HTTP server.
//!
//! Never here: what a tick or a message does; the Functions host calls the same.

mod pump;
mod run;
mod schedule;
mod streams;
mod timer;
mod wake;

pub use run::{ended_by_signal, run};
pub use schedule::{Schedule, ScheduleError};
pub use wake::{Woken, WokenQueue};
