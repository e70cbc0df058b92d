//! Scans on request: Shodan looks at assets anew, for scan credits, and what it finds gone is closed at once.
//!
//! Here belong what a scan may cost, that it is ordered once, and that it is followed to its end through crashes. Its
//! row stands before it is ordered; where the answer to the order got lost it is looked for among the account's scans,
//! and never ordered again. Rows of `accounts`, partition of the organization: `scan|{ulid}`. Never here: what a
//! banner means, which is decided as for every other observation.

mod close;
mod follow;
mod order;
mod request;
mod scan;

pub(crate) use follow::follow;
pub use request::{ScanWish, request_scan};
pub use scan::{Scan, ScanState, scan};
