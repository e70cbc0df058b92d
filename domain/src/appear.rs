//! What is new: services that an answer shows and that were not there before, where there was something to compare with.
//!
//! A first look, a richer source than before, and the new address of a device show what was there all the time. Judged
//! once for all answers of a poll, so their order makes no difference.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::asset::Asset;
use crate::merge::{Known, Look};
use crate::observation::DataSource;
use crate::service::ServiceState;

/// The first poll of an asset comes within this time: what the source saw later is new although nothing was known.
const FIRST_POLL: SignedDuration = SignedDuration::from_hours(24);

/// Marks what is new in what is known after a poll.
pub(crate) fn mark(asset: &Asset, before: &Known, after: &mut Known, looks: &[Look<'_>]) {
    let mut sources: BTreeMap<IpAddr, DataSource> = BTreeMap::new();
    for look in looks {
        let richest = sources.entry(look.seen.ip).or_insert(look.seen.source);
        *richest = (*richest).max(look.seen.source);
    }
    for (id, service) in after.services.iter_mut().filter(|(_, s)| s.state == ServiceState::Open) {
        let was = before.services.get(id);
        if was.is_some_and(|was| was.state == ServiceState::Open) {
            continue;
        }
        let Some(source) = sources.get(&id.ip) else { continue };
        let since = new_since(asset, before, id.ip, *source);
        let is_new = since.is_some_and(|since| was.is_some() || service.first_observed_at > since);
        service.appeared_at = is_new.then_some(service.last_observed_at);
    }
}

/// From when what was seen first is new; `None`: there is nothing to compare with.
fn new_since(asset: &Asset, before: &Known, ip: IpAddr, source: DataSource) -> Option<Timestamp> {
    match before.hosts.get(&ip) {
        Some(host) => (host.source >= source).then_some(Timestamp::MIN),
        None if before.hosts.is_empty() || asset.has_many_addresses() => asset.created_at.checked_add(FIRST_POLL).ok(),
        None => None,
    }
}
