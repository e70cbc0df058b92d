//! What is new: services that appeared since an asset is watched, each for a while.
//!
//! A person who resolves such a finding has seen the service: it does not come back before the service went and came
//! again. Many at once are one finding. Where another rule says what is wrong with a service, that it is new says less.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::{Judge, Verdicts, Wanted, evidence_of};
use crate::finding::Identity;
use crate::merge::Known;
use crate::rule::{Category, change};
use crate::service::{Service, ServiceState};

/// A service is new for so long.
const NEW_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);
/// So many on one host within [`TOGETHER`] are one finding.
const MANY: usize = 10;
const TOGETHER: SignedDuration = SignedDuration::from_hours(7 * 24);

pub(super) fn judge(verdicts: &mut Verdicts, by: Judge<'_>, known: &Known) {
    let mut hosts: BTreeMap<IpAddr, Vec<(&Service, Timestamp)>> = BTreeMap::new();
    for service in known.services.values().filter(|s| s.state == ServiceState::Open && !is_meant(by, s)) {
        let Some(appeared) = service.appeared_at.filter(|at| by.now.duration_since(*at) < NEW_FOR) else { continue };
        verdicts.wake_at(appeared.checked_add(NEW_FOR).ok());
        hosts.entry(service.ip()).or_default().push((service, appeared));
    }
    for services in hosts.values() {
        let together = |(_, at): &&(&Service, Timestamp)| by.now.duration_since(*at) < TOGETHER;
        let recent: Vec<_> = services.iter().filter(together).copied().collect();
        if recent.len() >= MANY {
            verdicts.wake_at(recent.iter().filter_map(|(_, at)| at.checked_add(TOGETHER).ok()).min());
            many(verdicts, by, &recent);
        } else {
            for (service, at) in services {
                one(verdicts, by, service, *at);
            }
        }
    }
}

/// Is it on the asset's list of services that are meant to be there?
fn is_meant(by: Judge<'_>, service: &Service) -> bool {
    by.asset.allowed_services.contains(&name(service))
}

fn name(service: &Service) -> String {
    format!("{}/{}", service.port(), service.transport().as_str().to_ascii_lowercase())
}

fn one(verdicts: &mut Verdicts, by: Judge<'_>, service: &Service, appeared: Timestamp) {
    let Some(rule) = by.rules.find(change::NEW_SERVICE).filter(|rule| rule.enabled) else { return };
    let port = Some((service.port(), service.transport()));
    let evidence = vec![evidence_of(service, "service.port".into(), name(service))];
    let mut wanted = Wanted::of(rule, service, evidence);
    wanted.observed_at = appeared;
    verdicts.wanted.insert(by.identity(service.ip(), port, rule.id.as_str(), ""), wanted);
}

fn many(verdicts: &mut Verdicts, by: Judge<'_>, services: &[(&Service, Timestamp)]) {
    let Some(rule) = by.rules.find(change::MANY_NEW_SERVICES).filter(|rule| rule.enabled) else { return };
    let Some((first, appeared)) = services.iter().max_by_key(|(service, at)| (*at, &service.id)) else { return };
    let names: Vec<String> = services.iter().take(50).map(|(service, _)| name(service)).collect();
    let mut wanted = Wanted::of(rule, first, vec![evidence_of(first, "host.ports".into(), names.join(", "))]);
    wanted.title = format!("{} services appeared within a week", services.len());
    (wanted.service, wanted.port, wanted.observed_at) = (None, None, *appeared);
    verdicts.wanted.insert(by.identity(first.ip(), None, rule.id.as_str(), ""), wanted);
}

/// Where another rule found something at a service, that it changed is no finding; where another is undecided, neither
/// is this decided.
pub(super) fn yield_to_others(verdicts: &mut Verdicts) {
    let place = |identity: &Identity| (identity.ip, identity.port);
    let changes: Vec<Identity> =
        verdicts.wanted.iter().filter(|(_, w)| w.category == Category::Change).map(|(i, _)| i.clone()).collect();
    for identity in changes.into_iter().filter(|i| i.port.is_some()) {
        let here = place(&identity);
        if verdicts.wanted.iter().any(|(i, w)| place(i) == here && w.category != Category::Change) {
            verdicts.wanted.remove(&identity);
        } else if verdicts.undecided.keys().any(|i| place(i) == here) {
            verdicts.wanted.remove(&identity);
            verdicts.undecided.insert(identity, "another rule about the same service is undecided".into());
        }
    }
}
