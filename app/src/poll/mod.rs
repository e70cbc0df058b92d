//! The first way of the data: what is due is asked for, judged, stored and announced.
//!
//! The poller is a reconciler: it takes no input, may stop at any point, and does the rest at its next tick.

mod adopt;
mod answer;
mod ask;
mod budget;
mod columns;
mod grounds;
mod group;
mod intake;
mod judge;
mod mend;
mod patience;
mod plan;
mod purse;
mod refresh;
mod refresh_many;
mod round;
mod seen;
mod silence;
mod source;
mod summary;
mod tick;
mod told;

pub(crate) use budget::Spent;
pub use budget::{Budget, Refused, budget};
pub(crate) use grounds::stamp;
pub use group::{GROUP_SIZE, Member, PollGroup, Usage};
pub(crate) use intake::{Brought, owner_of, take_in};
pub(crate) use purse::{open as open_budget, spend as spend_budget};
pub use refresh::refresh;
pub use refresh_many::refresh_many;
pub use source::{SourceState, states};
pub use tick::{TickReport, backlog, failing, last_tick, next_due, tick, tick_within};

use crate::App;
use crate::access::{self, Organization};
use crate::ports::{SourceKey, StoreError};

/// With which key an organization's assets are asked about: its own, the instance's, or none.
pub fn source_key(app: &App, organization: &Organization) -> Result<SourceKey, StoreError> {
    let own = access::shodan_key(app, organization)
        .map_err(|e| StoreError::Corrupt(format!("the Shodan key of {} cannot be opened: {e}", organization.id)))?;
    let key = own.or_else(|| app.settings.shodan_key.clone());
    Ok(key.map_or(SourceKey::InternetDb, SourceKey::Shodan))
}

#[cfg(test)]
mod tests {
    /// The edge runs use cases on threads: a future that is not `Send` would show up there as a riddle.
    #[test]
    fn ticks_can_be_spawned() {
        fn spawnable<T: Send>(_: impl Fn(&'static crate::App) -> T) {}
        spawnable(super::tick);
    }
}
