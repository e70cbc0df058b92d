//! Doubles of the ports, for tests of this crate and (feature `testing`) of others.
//!
//! They keep the ports' contracts to the letter and add what a test needs: a clock that is moved by hand, ids that
//! are the same every time, a store that fails at the n-th call. Never here: a shortcut that no real store offers,
//! or a decision of the product.

mod bench;
mod clock;
mod faults;
mod faulty;
mod ids;
mod library;
mod limits;
mod queue;
mod receivers;
mod script;
mod silent;
mod silent_sources;
mod tables;

pub use bench::Bench;
pub use clock::ManualClock;
pub use faults::{Fault, Faults};
pub use faulty::Faulty;
pub use ids::SeededIds;
pub use library::Library;
pub use queue::MemoryQueue;
pub use receivers::{JsonLetters, RecordingChats, RecordingMailer, RecordingWebhooks};
pub use script::{Script, seen};
pub use silent::Silent;
pub use tables::MemoryTables;
