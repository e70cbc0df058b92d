//! From answers to decisions: what opened, changed and closed at one asset.
//!
//! The heart of the product, as one pure function: the same inputs always give the same decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::asset::Asset;
use crate::due::Sla;
use crate::event::EventType;
use crate::finding::{Finding, Resolution};
use crate::host::Host;
use crate::lifecycle::{self, Context, Transition};
use crate::merge::{Known, Look, MergeRules, merge};
use crate::rule::RuleSet;
use crate::service::{Service, ServiceState};
use crate::target::Target;
use crate::wanted::{Verdicts, judge};

/// What an organization decided about judging.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How many misses close a service.
    pub close_after_misses: u32,
    /// Days without an observation after which a service is stale.
    pub stale_after_days: u32,
    /// Days to fix.
    pub sla: Sla,
}

impl Default for Settings {
    /// 2 misses, 30 days, the default SLA.
    fn default() -> Self {
        Self { close_after_misses: 2, stale_after_days: 30, sla: Sla::default() }
    }
}

/// What is stored of an asset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stored {
    /// Hosts and services.
    pub known: Known,
    /// Findings by fingerprint of their identity at this owner.
    pub findings: BTreeMap<String, Finding>,
    /// When nobody answered about the asset, from and to, in order: outages and pauses, in which no clock runs.
    pub silences: Vec<(Timestamp, Timestamp)>,
}

/// A question to decide.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The asset.
    pub asset: &'a Asset,
    /// What is stored.
    pub stored: &'a Stored,
    /// The fresh answers; none: time, rules or intelligence act alone.
    pub looks: &'a [Look<'a>],
    /// The rules.
    pub rules: &'a RuleSet,
    /// The organization's settings.
    pub settings: &'a Settings,
    /// Now: when the answers came.
    pub now: Timestamp,
}

/// A service that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceChange {
    /// As it was.
    pub before: Option<Service>,
    /// As it is.
    pub after: Service,
    /// What to announce.
    pub event: Option<EventType>,
}

/// What is to be stored and announced.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// Hosts whose row changed, and whether the host is new.
    pub hosts: Vec<(Host, bool)>,
    /// Services whose row changed.
    pub services: Vec<ServiceChange>,
    /// Findings whose row changed.
    pub findings: Vec<Transition>,
    /// The asset became stale.
    pub became_stale: bool,
    /// When time alone will change something.
    pub wake: Option<Timestamp>,
    /// Rules that could not decide, with the reason.
    pub undecided: BTreeMap<String, String>,
}

impl Decisions {
    /// Is there nothing to store?
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.services.is_empty() && self.findings.is_empty() && !self.became_stale
    }
}

/// Decides.
pub fn decide(question: &Question<'_>) -> Decisions {
    let before = &question.stored.known;
    let mut known = before.clone();
    let rules = MergeRules { close_after_misses: question.settings.close_after_misses.max(1), polled_at: question.now };
    for look in question.looks {
        merge(&question.asset.id, &mut known, look, rules);
    }
    leave_old_address(question, &mut known);
    let (became_stale, stale_at) = mark_stale(question, &mut known);
    let verdicts = judge(question.asset, &known, question.rules, question.now);
    let mut decisions = Decisions {
        hosts: changed_hosts(before, &known),
        services: changed_services(before, &known),
        became_stale,
        wake: [verdicts.wake, stale_at].into_iter().flatten().min(),
        undecided: verdicts.undecided.iter().map(|(i, why)| (i.rule.clone(), why.clone())).collect(),
        ..Decisions::default()
    };
    decide_findings(question, &known, &verdicts, &mut decisions);
    decisions
}

/// A device that has a new target: what stood at the old address is gone once the new one was answered for.
fn leave_old_address(question: &Question<'_>, known: &mut Known) {
    let Target::Address(target) = question.asset.target else { return };
    if !question.looks.iter().any(|look| look.seen.ip == target) {
        return;
    }
    for service in known.services.values_mut().filter(|s| s.ip() != target && s.state == ServiceState::Open) {
        service.state = ServiceState::Closed;
        service.closed_at = Some(question.now);
    }
}

/// Stale is what was not seen for long although its source answers; it closes nothing. Did the asset become stale now,
/// and if not, when will the next service?
fn mark_stale(question: &Question<'_>, known: &mut Known) -> (bool, Option<Timestamp>) {
    let limit = SignedDuration::from_hours(i64::from(question.settings.stale_after_days) * 24);
    let was_stale = known.services.values().any(|s| s.stale);
    let mut next: Option<Timestamp> = None;
    for service in known.services.values_mut().filter(|s| s.state == ServiceState::Open) {
        let still = limit + silent_since(service.last_observed_at, question);
        let stale_at = service.last_observed_at.checked_add(still).unwrap_or(Timestamp::MAX);
        service.stale = question.now > stale_at;
        if !service.stale {
            let at = stale_at.checked_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
            next = Some(next.map_or(at, |other| other.min(at)));
        }
    }
    (!was_stale && known.services.values().any(|s| s.stale), next)
}

/// For how long nobody answered since an instant.
fn silent_since(since: Timestamp, question: &Question<'_>) -> SignedDuration {
    let silences = question.stored.silences.iter();
    let parts = silences.map(|(from, to)| (*to).min(question.now).duration_since((*from).max(since)));
    parts.filter(SignedDuration::is_positive).fold(SignedDuration::ZERO, |sum, part| sum + part)
}

fn changed_hosts(before: &Known, after: &Known) -> Vec<(Host, bool)> {
    let changed = after.hosts.iter().filter(|(ip, host)| before.hosts.get(ip) != Some(host));
    changed.map(|(ip, host)| (host.clone(), !before.hosts.contains_key(ip))).collect()
}

fn changed_services(before: &Known, after: &Known) -> Vec<ServiceChange> {
    let changed = after.services.iter().filter(|(id, service)| before.services.get(id) != Some(service));
    changed
        .map(|(id, service)| {
            let old = before.services.get(id);
            ServiceChange { before: old.cloned(), after: service.clone(), event: service_event(old, service) }
        })
        .collect()
}

fn service_event(before: Option<&Service>, after: &Service) -> Option<EventType> {
    let face = |s: &Service| {
        s.banner.as_ref().map(|b| (b.module.clone(), b.product.clone(), b.version.clone(), b.cpes.clone()))
    };
    match before {
        None => Some(EventType::ServiceOpened),
        Some(old) if old.state != after.state => match after.state {
            ServiceState::Open => Some(EventType::ServiceOpened),
            ServiceState::Closed => Some(EventType::ServiceClosed),
        },
        Some(old) if face(old) != face(after) => Some(EventType::ServiceChanged),
        Some(_) => None,
    }
}

fn decide_findings(question: &Question<'_>, known: &Known, verdicts: &Verdicts, decisions: &mut Decisions) {
    let context = Context { asset: question.asset, sla: &question.settings.sla, now: question.now };
    let undecided: BTreeSet<String> = verdicts.undecided.keys().map(crate::finding::Identity::fingerprint).collect();
    let mut wanted_prints = BTreeSet::new();
    for (identity, wanted) in &verdicts.wanted {
        let print = identity.fingerprint();
        let stored = question.stored.findings.get(&print);
        let transition = match stored {
            None => Some(lifecycle::open(identity, wanted, context)),
            Some(stored) => lifecycle::see(stored, wanted, context),
        };
        push_with_time(decisions, stored, transition, known, question.now);
        wanted_prints.insert(print);
    }
    for (print, stored) in &question.stored.findings {
        if wanted_prints.contains(print) {
            continue;
        }
        let transition = if undecided.contains(print) { None } else { gone(question, known, stored) };
        push_with_time(decisions, Some(stored), transition, known, question.now);
    }
}

/// Adds a transition, with what time and staleness do to the same finding at the same instant.
fn push_with_time(
    decisions: &mut Decisions,
    stored: Option<&Finding>,
    transition: Option<Transition>,
    known: &Known,
    now: Timestamp,
) {
    let mut current = transition.as_ref().map(|t| t.after.clone()).or_else(|| stored.cloned());
    let mut steps: Vec<Transition> = transition.into_iter().collect();
    if let Some(finding) = current.as_mut() {
        let stale = finding.service.as_ref().and_then(|id| known.services.get(id)).is_some_and(|s| s.stale);
        if stale != finding.stale && finding.state != crate::finding::FindingState::Resolved {
            finding.stale = stale;
            match steps.last_mut() {
                Some(step) => step.after.stale = stale,
                None => steps.push(Transition {
                    before: stored.cloned(),
                    after: finding.clone(),
                    event: None,
                    changes: Vec::new(),
                    actor: crate::actor::Actor::system(),
                }),
            }
        }
    }
    while let Some(step) = current.as_ref().and_then(|f| lifecycle::pass_time(f, now)) {
        current = Some(step.after.clone());
        steps.push(step);
    }
    let wake = current.as_ref().and_then(|f| lifecycle::wake(f, now));
    decisions.wake = [decisions.wake, wake].into_iter().flatten().min();
    decisions.findings.extend(steps);
}

/// Why a finding is no longer wanted: every reason is something that was seen or decided, never mere absence.
fn gone(question: &Question<'_>, known: &Known, stored: &Finding) -> Option<Transition> {
    let resolution = if question.rules.find(stored.rule.as_str()).is_none_or(|rule| !rule.enabled) {
        Resolution::RuleChanged
    } else {
        match stored.service.as_ref().map(|id| known.services.get(id)) {
            Some(Some(service)) if service.state == ServiceState::Closed => Resolution::NotSeen,
            // Its banner was replaced by a poorer source's word: nothing shows that it is fixed.
            Some(Some(service)) if service.banner.is_none() => return None,
            Some(Some(service)) if service.last_observed_at > stored.last_observed_at => Resolution::SeenFixed,
            Some(Some(service)) if service.polled_at > stored.updated_at => Resolution::Retracted,
            Some(Some(_)) => Resolution::RuleChanged,
            Some(None) => Resolution::AssetMoved,
            None => Resolution::Retracted,
        }
    };
    let resolution = if moved_away(question, stored.ip) { Resolution::AssetMoved } else { resolution };
    lifecycle::resolve(stored, resolution, question.now, crate::actor::Actor::system())
}

/// A device has another address now.
fn moved_away(question: &Question<'_>, ip: IpAddr) -> bool {
    matches!(question.asset.target, Target::Address(now) if now != ip)
}
