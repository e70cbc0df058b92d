//! The words about scans.

use async_graphql::Enum;

/// How far a scan is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "app::scans::ScanState")]
pub enum ScanState {
    /// Ordered, waiting.
    Submitted,
    /// Being carried out, or its results are being taken in.
    Running,
    /// Done, and what it saw is known.
    Done,
    /// It was refused, or nobody knows what became of it: see `error`.
    Failed,
}
