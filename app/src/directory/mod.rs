//! The directories: everything that lists are filtered, ordered and counted by, in a few binary rows.
//!
//! A finding takes 50 bytes in a chunk of at most 64 KiB, so 10 000 findings are 14 chunks. A process keeps the
//! chunks that it has read, by the versions that the head row names: warm, a page costs the head row and the
//! rows that are shown.

mod cache;
mod chunk;
mod entry;
mod order;
mod shown;
mod snapshot;

pub use cache::Directories;
pub use chunk::{CAPACITY, decode, encode};
pub use entry::{Entry, Flags};
pub(crate) use entry::{cve_bits, number, rule_number, seconds};
pub use order::{Cursor, Direction, Order};
pub use snapshot::{AssetSummary, Counts, Snapshot};
