//! From answers to decisions: what opened, changed and closed at one asset.
//!
//! The heart of the product, as one pure function: the same inputs always give the same decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::appear;
use crate::asset::Asset;
use crate::cve::CveId;
use crate::due::Sla;
use crate::event::EventType;
use crate::finding::{Finding, FindingState, Resolution};
use crate::host::Host;
use crate::intelligence::Intelligence;
use crate::lifecycle::{self, Context, Transition};
use crate::merge::{Known, Look, MergeRules, merge};
use crate::policy::{self, TriagePolicy};
use crate::rule::{Category, RuleSet};
use crate::service::{Service, ServiceState};
use crate::target::Target;
use crate::wanted::{Judge, Verdicts};

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

/// What is decided by beside the answers and the rules.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// What is known of vulnerabilities; changed, it judges anew what is stored.
    pub intelligence: &'a Intelligence,
    /// The organization's triage policies, also those that ended: theirs are the decisions that end with them.
    pub policies: &'a [TriagePolicy],
    /// The CVEs that publishers have answered about. What was only inferred from a version, and names another of which
    /// nobody told how bad it is, stays undecided until they have. `None`: nobody is asked, so nothing waits.
    pub answered: Option<&'a BTreeSet<CveId>>,
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
    /// Something waits for facts about vulnerabilities.
    pub awaits_facts: bool,
}

impl Decisions {
    /// Is there nothing to store?
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.services.is_empty() && self.findings.is_empty() && !self.became_stale
    }
}

/// Decides by what banners claim alone, without policies.
pub fn decide(question: &Question<'_>) -> Decisions {
    let intelligence = Intelligence::default();
    decide_with(question, Beside { intelligence: &intelligence, policies: &[], answered: None })
}

/// Decides. Without looks, what is stored is judged anew: what changed intelligence, rules, policies and time mean.
pub fn decide_with(question: &Question<'_>, beside: Beside<'_>) -> Decisions {
    let before = &question.stored.known;
    let mut known = before.clone();
    let rules = MergeRules { close_after_misses: question.settings.close_after_misses.max(1), polled_at: question.now };
    for look in question.looks {
        merge(&question.asset.id, &mut known, look, rules);
    }
    appear::mark(question.asset, before, &mut known, question.looks);
    leave_old_address(question, &mut known);
    let (became_stale, stale_at) = mark_stale(question, &mut known);
    let judge = Judge {
        asset: question.asset,
        rules: question.rules,
        intelligence: beside.intelligence,
        answered: beside.answered,
        now: question.now,
    };
    let verdicts = judge.judge(&known);
    let mut decisions = Decisions {
        hosts: changed_hosts(before, &known),
        services: changed_services(before, &known),
        became_stale,
        wake: [verdicts.wake, stale_at].into_iter().flatten().min(),
        undecided: verdicts.undecided.iter().map(|(i, why)| (i.rule.clone(), why.clone())).collect(),
        awaits_facts: verdicts.awaits_facts,
        ..Decisions::default()
    };
    decide_findings(question, beside.policies, &known, &verdicts, &mut decisions);
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

fn decide_findings(
    question: &Question<'_>,
    policies: &[TriagePolicy],
    known: &Known,
    verdicts: &Verdicts,
    decisions: &mut Decisions,
) {
    let context = Context { asset: question.asset, sla: &question.settings.sla, now: question.now };
    let undecided: BTreeSet<String> = verdicts.undecided.keys().map(crate::finding::Identity::fingerprint).collect();
    let mut wanted_prints = BTreeSet::new();
    let mut push = |stored: Option<&Finding>, transition: Option<Transition>| {
        let steps = Steps { asset: question.asset, policies, known, now: question.now };
        let (steps, wake) = steps.after(stored, transition);
        decisions.wake = [decisions.wake, wake].into_iter().flatten().min();
        decisions.findings.extend(steps);
    };
    for (identity, wanted) in &verdicts.wanted {
        let print = identity.fingerprint();
        let stored = question.stored.findings.get(&print);
        let transition = match stored {
            None => Some(lifecycle::open(identity, wanted, context)),
            Some(stored) => lifecycle::see(stored, wanted, context),
        };
        push(stored, transition);
        wanted_prints.insert(print);
    }
    for (print, stored) in &question.stored.findings {
        if wanted_prints.contains(print) {
            continue;
        }
        let transition = if undecided.contains(print) { None } else { gone(question, known, stored) };
        push(Some(stored), transition);
    }
}

/// What policies, staleness and time do to a finding at the same instant as its own transition.
#[derive(Clone, Copy)]
struct Steps<'a> {
    asset: &'a Asset,
    policies: &'a [TriagePolicy],
    known: &'a Known,
    now: Timestamp,
}

impl Steps<'_> {
    /// All steps of a finding, and when time will do the next.
    fn after(self, stored: Option<&Finding>, transition: Option<Transition>) -> (Vec<Transition>, Option<Timestamp>) {
        let settled = transition.map(|step| policy::settle(self.policies, step, self.asset, self.now));
        let mut steps: Vec<Transition> = settled.into_iter().collect();
        let Some(mut current) = steps.first().map(|step| &step.after).or(stored).cloned() else {
            return (steps, None);
        };
        self.mark_stale(&mut current, stored, &mut steps);
        let next = |finding: &Finding| {
            policy::apply(self.policies, finding, self.asset, self.now)
                .or_else(|| lifecycle::pass_time(finding, self.now))
        };
        while let Some(step) = next(&current) {
            current = step.after.clone();
            steps.push(step);
        }
        (steps, lifecycle::wake(&current, self.now))
    }

    fn mark_stale(self, current: &mut Finding, stored: Option<&Finding>, steps: &mut Vec<Transition>) {
        let stale = current.service.as_ref().and_then(|id| self.known.services.get(id)).is_some_and(|s| s.stale);
        if stale == current.stale || current.state == FindingState::Resolved {
            return;
        }
        current.stale = stale;
        match steps.last_mut() {
            Some(step) => step.after.stale = stale,
            None => steps.push(Transition {
                before: stored.cloned(),
                after: current.clone(),
                event: None,
                changes: Vec::new(),
                actor: crate::actor::Actor::system(),
            }),
        }
    }
}

/// Why a finding is no longer wanted: every reason is something that was seen or decided, never mere absence.
fn gone(question: &Question<'_>, known: &Known, stored: &Finding) -> Option<Transition> {
    let resolution = if question.rules.find(stored.rule.as_str()).is_none_or(|rule| !rule.enabled) {
        Resolution::RuleChanged
    } else {
        match stored.service.as_ref().map(|id| known.services.get(id)) {
            Some(Some(service)) if service.state == ServiceState::Closed => Resolution::NotSeen,
            // It is no longer new, or on the list, or something graver is said of it.
            Some(Some(_)) | None if stored.category == Category::Change => Resolution::SeenFixed,
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
