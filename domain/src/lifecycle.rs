//! How findings come, change, go and come back: the transitions of one finding.
//!
//! One transition makes one event; the most telling type wins and `changes` lists everything.

use jiff::{SignedDuration, Timestamp};

use crate::actor::Actor;
use crate::asset::Asset;
use crate::due::{self, Applies, Sla};
use crate::event::{Change, EventType};
use crate::finding::{Finding, FindingState, Identity, Resolution, Triage, Tripwire};
use crate::ids::FindingId;
use crate::risk::{self, RiskInput};
use crate::severity::Confidence;
use crate::ssvc::{self, HumanImpact};
use crate::wanted::Wanted;

/// What a transition needs to know beside the finding.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The owner.
    pub asset: &'a Asset,
    /// The organization's days.
    pub sla: &'a Sla,
    /// The instant of the decision.
    pub now: Timestamp,
}

/// A finding that changed, and what to announce.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// As it was; `None`: it is new.
    pub before: Option<Finding>,
    /// As it is.
    pub after: Finding,
    /// The event; `None`: nothing that a person cares about.
    pub event: Option<EventType>,
    /// What changed.
    pub changes: Vec<Change>,
    /// Who did it.
    pub actor: Actor,
}

/// An acceptance or false positive ends with notice so long before.
const TRIAGE_NOTICE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A due date is announced so long before.
const DUE_NOTICE: SignedDuration = SignedDuration::from_hours(3 * 24);
/// A risk that moves by less is no news.
const RISK_NEWS: u8 = 10;

/// A finding that was not there.
pub fn open(identity: &Identity, wanted: &Wanted, context: Context<'_>) -> Transition {
    let now = context.now;
    let mut finding = Finding {
        id: FindingId {
            bucket: context.asset.id.bucket,
            birth: context.asset.id.ulid.clone(),
            fingerprint: identity.fingerprint(),
        },
        asset: context.asset.id.clone(),
        service: None,
        ip: wanted.ip,
        port: None,
        transport: None,
        rule: wanted.rule.0.clone(),
        family: identity.rule.clone(),
        subject: identity.subject.clone(),
        rule_name: String::new(),
        rule_version: 0,
        title: String::new(),
        category: wanted.category,
        severity: wanted.severity,
        confidence: wanted.confidence,
        state: FindingState::Open,
        resolution: None,
        stale: false,
        cve: None,
        vulnerabilities: Vec::new(),
        risk_score: 0,
        risk_factors: Vec::new(),
        evidence: Vec::new(),
        remediation: String::new(),
        references: Vec::new(),
        due_at: None,
        due_basis: None,
        due_from: None,
        forensics_required: false,
        ssvc: None,
        due_soon_told: false,
        overdue_told: false,
        triage_ending_told: false,
        assignee: None,
        triage: None,
        exempt: Vec::new(),
        comments: Vec::new(),
        tickets: Vec::new(),
        opened_at: now,
        first_observed_at: wanted.observed_at,
        last_observed_at: wanted.observed_at,
        resolved_at: None,
        updated_at: now,
        reopen_count: 0,
        revision: 0,
    };
    describe(&mut finding, wanted, context, true);
    announce(None, finding, Some(EventType::FindingOpened), context.now, Actor::system())
}

/// A finding that is still, or again, what the rules want. `None`: nothing changed.
pub fn see(stored: &Finding, wanted: &Wanted, context: Context<'_>) -> Option<Transition> {
    let mut after = stored.clone();
    let newer = wanted.observed_at > stored.last_observed_at;
    if stored.state == FindingState::Resolved {
        // A person's word stands until something newer than it is seen; so does what a source said last.
        let since = stored.resolved_at.unwrap_or(stored.updated_at);
        let by_hand = stored.resolution == Some(Resolution::Manual);
        if by_hand && wanted.observed_at <= since {
            return None;
        }
        after.state = FindingState::Open;
        after.resolution = None;
        after.resolved_at = None;
        after.opened_at = context.now;
        after.reopen_count += 1;
        after.triage = None;
        after.due_soon_told = false;
        after.overdue_told = false;
        describe(&mut after, wanted, context, true);
        return Some(announce(Some(stored), after, Some(EventType::FindingReopened), context.now, Actor::system()));
    }
    describe(&mut after, wanted, context, false);
    if newer {
        after.stale = false;
    }
    if &after == stored {
        return None;
    }
    if let Some(tripped) = tripped(stored, &after) {
        end_triage(&mut after);
        return Some(ended(announce_state(stored, after, context.now, Actor::system()), tripped));
    }
    let event = news(stored, &after);
    Some(announce(Some(stored), after, event, context.now, Actor::system()))
}

/// A finding that is gone.
pub fn resolve(stored: &Finding, resolution: Resolution, now: Timestamp, actor: Actor) -> Option<Transition> {
    if stored.state == FindingState::Resolved {
        return None;
    }
    let mut after = stored.clone();
    after.state = FindingState::Resolved;
    after.resolution = Some(resolution);
    after.resolved_at = Some(now);
    after.stale = false;
    after.triage_ending_told = false;
    Some(announce(Some(stored), after, Some(EventType::FindingResolved), now, actor))
}

/// A person's decision.
pub fn triage(stored: &Finding, decision: Triage, now: Timestamp) -> Option<Transition> {
    let actor = decision.by.clone();
    if decision.state == FindingState::Resolved {
        let mut transition = resolve(stored, Resolution::Manual, now, actor)?;
        transition.after.triage = Some(decision);
        return Some(transition);
    }
    let mut after = stored.clone();
    // What a person decides stands before what a policy said.
    exempt(&mut after);
    after.state = decision.state;
    after.triage_ending_told = false;
    if stored.state == FindingState::Resolved {
        after.resolution = None;
        after.resolved_at = None;
        after.opened_at = now;
        after.due_from = None;
        after.reopen_count += 1;
    }
    after.triage = (decision.state != FindingState::Open).then_some(decision);
    let same = |f: &Finding| (f.state, f.triage.clone().map(|t| Triage { id: String::new(), at: now, ..t }));
    if same(&after) == same(stored) {
        return None;
    }
    let event = if stored.state == FindingState::Resolved {
        EventType::FindingReopened
    } else {
        EventType::FindingStateChanged
    };
    Some(announce(Some(stored), after, Some(event), now, actor))
}

/// A change by a person that is neither triage nor resolution (comment, assignee, ticket).
pub fn amend(stored: &Finding, after: Finding, event: EventType, now: Timestamp, actor: Actor) -> Option<Transition> {
    (&after != stored).then(|| announce(Some(stored), after, Some(event), now, actor))
}

/// What time alone does to a finding: at most one step; call again until `None`.
pub fn pass_time(stored: &Finding, now: Timestamp) -> Option<Transition> {
    if stored.state == FindingState::Resolved {
        return None;
    }
    let mut after = stored.clone();
    if let Some(until) = stored.triage.as_ref().and_then(|t| t.until) {
        if until <= now {
            after.state = FindingState::Open;
            after.triage = None;
            after.triage_ending_told = false;
            return Some(ended(announce_state(stored, after, now, Actor::system()), "EXPIRED"));
        }
        if !stored.triage_ending_told && until.duration_since(now) <= TRIAGE_NOTICE {
            after.triage_ending_told = true;
            return Some(announce(Some(stored), after, Some(EventType::TriageEnding), now, Actor::system()));
        }
    }
    let due = stored.due_at.filter(|_| stored.state.is_active())?;
    if due <= now && !stored.overdue_told {
        after.overdue_told = true;
        after.due_soon_told = true;
        return Some(announce(Some(stored), after, Some(EventType::FindingOverdue), now, Actor::system()));
    }
    if due > now && due.duration_since(now) <= DUE_NOTICE && !stored.due_soon_told {
        after.due_soon_told = true;
        return Some(announce(Some(stored), after, Some(EventType::FindingDueSoon), now, Actor::system()));
    }
    None
}

/// When time will next do something to a finding.
pub fn wake(stored: &Finding, now: Timestamp) -> Option<Timestamp> {
    if stored.state == FindingState::Resolved {
        return None;
    }
    let until = stored.triage.as_ref().and_then(|t| t.until);
    let notice = until.filter(|_| !stored.triage_ending_told).and_then(|u| u.checked_sub(TRIAGE_NOTICE).ok());
    let due = stored.due_at.filter(|_| stored.state.is_active());
    let soon = due.filter(|_| !stored.due_soon_told).and_then(|d| d.checked_sub(DUE_NOTICE).ok());
    let overdue = due.filter(|_| !stored.overdue_told);
    [until, notice, soon, overdue].into_iter().flatten().map(|t| t.max(now)).min()
}

/// Ends a decision for good: the policy that made it does not make it again.
fn end_triage(after: &mut Finding) {
    exempt(after);
    after.state = FindingState::Open;
    after.triage = None;
    after.triage_ending_told = false;
}

fn exempt(after: &mut Finding) {
    if let Some(policy) = after.triage.as_ref().and_then(Triage::policy_id).map(str::to_owned)
        && !after.exempt.contains(&policy)
    {
        after.exempt.push(policy);
    }
}

/// A change of state by the end of a decision, with the reason.
pub(crate) fn ended(mut transition: Transition, because: &str) -> Transition {
    let change = Change { field: "triage.endedBecause".into(), before: None, after: Some(because.into()) };
    transition.changes.push(change);
    transition
}

/// A change of state, announced as such.
pub(crate) fn announce_state(stored: &Finding, after: Finding, now: Timestamp, actor: Actor) -> Transition {
    announce(Some(stored), after, Some(EventType::FindingStateChanged), now, actor)
}

/// The same transition to another state than it had in mind.
pub(crate) fn instead(mut transition: Transition, after: Finding) -> Transition {
    transition.changes = transition.before.as_ref().map(|before| changes(before, &after)).unwrap_or_default();
    transition.after = after;
    transition
}

/// Takes over what the rules say, and derives risk and due date from it.
fn describe(finding: &mut Finding, wanted: &Wanted, context: Context<'_>, opens: bool) {
    let asset = context.asset;
    let before = finding.clone();
    finding.asset = asset.id.clone();
    finding.service.clone_from(&wanted.service);
    finding.ip = wanted.ip;
    finding.port = wanted.port.map(|(port, _)| port);
    finding.transport = wanted.port.map(|(_, transport)| transport);
    (finding.rule, finding.rule_name, finding.rule_version) = wanted.rule.clone();
    finding.title.clone_from(&wanted.title);
    finding.category = wanted.category;
    finding.severity = wanted.severity;
    finding.confidence = wanted.confidence;
    finding.cve.clone_from(&wanted.cve);
    finding.vulnerabilities.clone_from(&wanted.vulnerabilities);
    finding.evidence.clone_from(&wanted.evidence);
    finding.remediation.clone_from(&wanted.remediation);
    finding.references.clone_from(&wanted.references);
    finding.first_observed_at = finding.first_observed_at.min(wanted.observed_at);
    finding.last_observed_at = finding.last_observed_at.max(wanted.observed_at);
    let (score, factors) = risk::score(&RiskInput {
        severity: finding.severity,
        severity_source: &finding.rule_name,
        category: finding.category,
        confidence: finding.confidence,
        vulnerabilities: &finding.vulnerabilities,
        criticality: asset.criticality,
        observed_at: wanted.observed_at,
        asset_updated_at: asset.updated_at,
    });
    finding.risk_score = score;
    finding.risk_factors = factors;
    finding.ssvc = ssvc::worst(&finding.vulnerabilities, HumanImpact::of(asset));
    set_due((!opens).then_some(&before), finding, context);
}

/// Sets the date from the row that applies, counted from the later of the opening and the day on which the row began
/// to apply: that of CISA's entry, else the one on which we learned of it. A change for the worse postpones nothing,
/// and one for the better counts from the opening: so what goes to and fro moves no date away for ever.
fn set_due(before: Option<&Finding>, finding: &mut Finding, context: Context<'_>) {
    let row = due::applies(&finding.vulnerabilities, finding.severity, context.sla);
    let opened = finding.opened_at;
    finding.due_from = row.and_then(|row| {
        let told = row.since.map(|since| since.max(opened));
        let Some(before) = before else { return told };
        match due::applies(&before.vulnerabilities, before.severity, context.sla) {
            Some(old) if row.is(old) && row.since == old.since => before.due_from,
            Some(old) if !row.is(old) && !row.is_stricter_than(old) => told,
            _ => Some(earlier(told.unwrap_or(context.now), row, before)),
        }
    });
    let due = row.and_then(|row| row.from(finding.due_from.unwrap_or(opened)));
    let at = due.map(|d| d.at);
    if finding.due_at != at {
        finding.due_soon_told = false;
        finding.overdue_told = false;
    }
    finding.due_at = at;
    finding.due_basis = due.map(|d| d.basis);
    finding.forensics_required = due.is_some_and(|d| d.forensics);
}

/// From when to count so that the date is not after the one that stands.
fn earlier(from: Timestamp, row: Applies, before: &Finding) -> Timestamp {
    let latest = before.due_at.and_then(|due| due.checked_sub(due::span(row.days)).ok());
    latest.map_or(from, |latest| from.min(latest))
}

/// The tripwire that ends a decision, if one did.
fn tripped(before: &Finding, after: &Finding) -> Option<&'static str> {
    let triage = before
        .triage
        .as_ref()
        .filter(|_| matches!(before.state, FindingState::Accepted | FindingState::FalsePositive))?;
    let has = |t| triage.tripwires.contains(&t);
    let known = |f: &Finding| f.vulnerabilities.iter().any(|v| v.claim.known_exploited);
    let exploits = |f: &Finding| f.vulnerabilities.iter().any(|v| !v.facts.exploits.is_empty());
    let epss = after.vulnerabilities.iter().filter_map(|v| v.claim.epss).reduce(f64::max);
    if has(Tripwire::AddedToKev) && !known(before) && known(after) {
        Some("ADDED_TO_KEV")
    } else if has(Tripwire::BecameVerified)
        && before.confidence == Confidence::Inferred
        && after.confidence == Confidence::Verified
    {
        Some("BECAME_VERIFIED")
    } else if has(Tripwire::ExploitPublished) && !exploits(before) && exploits(after) {
        Some("EXPLOIT_PUBLISHED")
    } else if has(Tripwire::SeverityRose) && after.severity > before.severity {
        Some("SEVERITY_ROSE")
    } else if has(Tripwire::ServiceChanged)
        && before.evidence.first().map(|e| &e.value) != after.evidence.first().map(|e| &e.value)
    {
        Some("SERVICE_CHANGED")
    } else if triage.epss_above.zip(epss).is_some_and(|(limit, p)| p > limit) {
        Some("EPSS_ABOVE")
    } else {
        None
    }
}

/// The event of a change, if a person would care.
fn news(before: &Finding, after: &Finding) -> Option<EventType> {
    let known = |f: &Finding| f.vulnerabilities.iter().any(|v| v.claim.known_exploited);
    if !known(before) && known(after) {
        Some(EventType::FindingAddedToKev)
    } else if before.severity != after.severity {
        Some(EventType::FindingSeverityChanged)
    } else if before.due_at != after.due_at
        || before.confidence != after.confidence
        || before.asset != after.asset
        || before.risk_score.abs_diff(after.risk_score) >= RISK_NEWS
    {
        Some(EventType::FindingUpdated)
    } else {
        None
    }
}

fn announce(
    before: Option<&Finding>,
    mut after: Finding,
    event: Option<EventType>,
    now: Timestamp,
    actor: Actor,
) -> Transition {
    if event.is_some() {
        after.revision += 1;
        after.updated_at = now;
    }
    let changes = before.map(|b| changes(b, &after)).unwrap_or_default();
    Transition { before: before.cloned(), after, event, changes, actor }
}

fn changes(before: &Finding, after: &Finding) -> Vec<Change> {
    let date = |t: Option<Timestamp>| t.map(|t| t.to_string());
    [
        Change::between("state", Some(before.state.as_str().into()), Some(after.state.as_str().into())),
        Change::between(
            "resolution",
            before.resolution.map(|r| r.as_str().into()),
            after.resolution.map(|r| r.as_str().into()),
        ),
        Change::between("severity", Some(before.severity.as_str().into()), Some(after.severity.as_str().into())),
        Change::between("confidence", Some(before.confidence.as_str().into()), Some(after.confidence.as_str().into())),
        Change::between("riskScore", Some(before.risk_score.to_string()), Some(after.risk_score.to_string())),
        Change::between("dueAt", date(before.due_at), date(after.due_at)),
        Change::between("asset", Some(before.asset.to_string()), Some(after.asset.to_string())),
        Change::between(
            "assignee",
            before.assignee.as_ref().map(|a| a.name.clone()),
            after.assignee.as_ref().map(|a| a.name.clone()),
        ),
        Change::between("tickets", tickets(before), tickets(after)),
        Change::between("title", Some(before.title.clone()), Some(after.title.clone())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// As `system key`, `status` behind it where one is known.
fn tickets(finding: &Finding) -> Option<String> {
    let text = |t: &crate::ticket::Ticket| match &t.status {
        Some(status) => format!("{} {} ({status})", t.system, t.key),
        None => format!("{} {}", t.system, t.key),
    };
    (!finding.tickets.is_empty()).then(|| finding.tickets.iter().map(text).collect::<Vec<_>>().join("; "))
}
