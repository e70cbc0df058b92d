//! The ledger of one bucket: the partition of `exposure` where services, findings, events, outbox, counts and the
//! directory lie together, because one batch must hold them.
//!
//! Every commit updates the head row If-Match, so the commits of a bucket are serial: who reads the head first
//! and then the rows can decide in peace; whoever was overtaken meets a conflict and starts again.

mod batches;
mod commit;
mod events;
mod head;
mod purge;

pub use commit::{CommitError, Decision, Entered, Gone, Session};
pub use head::Head;
pub(crate) use purge::purge;

use domain::ids::{Bucket, OrgId};

/// The partition of a bucket.
pub fn partition(org: &OrgId, bucket: Bucket) -> String {
    format!("{org}:{bucket}")
}
