//! Scans on request.

use app::scans::Scan as Stored;
use async_graphql::{ID, Object};

use super::actor::Actor;
use super::counts::int;
use crate::enums::ScanState;
use crate::scalars::{DateTime, IpAddress, at};

/// A scan that Shodan was asked for. What it saw is in services and findings; a port that it was asked for and did not
/// find is closed at once.
pub struct Scan(pub(crate) Stored);

/// A scan that somebody asked Shodan for.
#[Object]
impl Scan {
    /// Its id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// How far it is.
    async fn state(&self) -> ScanState {
        self.0.state.into()
    }
    /// What it looks at, ascending.
    async fn ips(&self) -> Vec<IpAddress> {
        self.0.ips.iter().copied().map(IpAddress).collect()
    }
    /// Scan credits that it cost, as far as is known; 0 while it is not known whether it was accepted.
    async fn credits_spent(&self) -> i32 {
        int(self.0.credits as usize)
    }
    /// Who asked for it.
    async fn requested_by(&self) -> Actor {
        (&self.0.requested_by).into()
    }
    /// When.
    async fn requested_at(&self) -> DateTime {
        at(self.0.requested_at)
    }
    /// When its results were known, or it failed; null: it is not finished.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(at)
    }
    /// Why it failed; null: it did not.
    async fn error(&self) -> Option<&String> {
        self.0.error.as_ref()
    }
}
