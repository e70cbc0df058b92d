//! Triage policies: one decision for everything that matches a filter, present and future, until its end.
//!
//! A policy is applied in the decision that opens a finding, so nothing leaves before it. It decides for a finding once:
//! what a tripwire or a person ended stays ended ([`Finding::exempt`]). Never here: who may make policies.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::asset::{Asset, Criticality};
use crate::cve::CveId;
use crate::event::EventType;
use crate::finding::{Finding, FindingState, NamedVulnerability, Triage, TriageReason, Tripwire};
use crate::ids::AssetId;
use crate::lifecycle::{self, Transition};
use crate::rule::{Category, RuleId};
use crate::severity::{Confidence, Severity};
use crate::ssvc;

/// A policy as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriagePolicy {
    /// `policy_…` ([`crate::finding::POLICY`]); also the id of every decision that it makes.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it decides about.
    pub findings: FindingMatch,
    /// ACCEPTED or `FALSE_POSITIVE`.
    pub state: FindingState,
    /// Why.
    pub reason: TriageReason,
    /// In words.
    pub note: String,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// Whose it is.
    pub created_by: Actor,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What ends its decision about a finding early.
    #[serde(default)]
    pub tripwires: Vec<Tripwire>,
    /// So does an EPSS probability above this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss_above: Option<f64>,
    /// When somebody ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<Actor>,
}

/// Which findings: the fields of the API's `FindingFilter` that say what a finding is, not how it stands. Fields are
/// and-ed, the values of a list or-ed. Other fields are refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields of the API's FindingFilter, described there")]
pub struct FindingMatch {
    pub text: Option<String>,
    pub severities: Option<Vec<Severity>>,
    pub categories: Option<Vec<Category>>,
    pub confidence: Option<Vec<Confidence>>,
    pub asset_id: Option<AssetId>,
    pub asset_ids: Option<Vec<AssetId>>,
    pub asset_tags: Option<Vec<String>>,
    pub asset_criticality: Option<Vec<Criticality>>,
    pub owners: Option<Vec<String>>,
    pub sites: Option<Vec<String>>,
    pub ip: Option<IpAddr>,
    pub within: Option<Vec<IpNet>>,
    pub ports: Option<Vec<u16>>,
    pub rule_id: Option<RuleId>,
    pub cve: Option<CveId>,
    pub cves: Option<Vec<CveId>>,
    pub known_exploited: Option<bool>,
    pub ransomware: Option<bool>,
    pub min_epss: Option<f64>,
    pub min_cvss: Option<f64>,
    pub min_risk_score: Option<u8>,
    pub ssvc: Option<Vec<ssvc::Decision>>,
}

impl FindingMatch {
    /// Does the finding, of this asset, match?
    pub fn matches(&self, finding: &Finding, asset: &Asset) -> bool {
        let all = &finding.vulnerabilities;
        let any = |is: &dyn Fn(&NamedVulnerability) -> bool| all.iter().any(is);
        let names = |cve: &CveId| any(&|v| v.cve == *cve);
        among(self.severities.as_ref(), &finding.severity)
            && among(self.categories.as_ref(), &finding.category)
            && among(self.confidence.as_ref(), &finding.confidence)
            && self.asset_id.as_ref().is_none_or(|id| *id == finding.asset)
            && among(self.asset_ids.as_ref(), &finding.asset)
            && self.asset_tags.as_ref().is_none_or(|tags| tags.iter().any(|tag| asset.tags.contains(tag)))
            && among(self.asset_criticality.as_ref(), &asset.criticality)
            && self.owners.as_ref().is_none_or(|o| asset.owner.as_ref().is_some_and(|owner| o.contains(owner)))
            && self.sites.as_ref().is_none_or(|s| asset.device.site.as_ref().is_some_and(|site| s.contains(site)))
            && self.ip.is_none_or(|ip| ip == finding.ip)
            && self.within.as_ref().is_none_or(|nets| nets.iter().any(|net| net.contains(&finding.ip)))
            && self.ports.as_ref().is_none_or(|ports| finding.port.is_some_and(|port| ports.contains(&port)))
            && self.rule_id.as_ref().is_none_or(|rule| *rule == finding.rule)
            && self.cve.as_ref().is_none_or(names)
            && self.cves.as_ref().is_none_or(|cves| cves.iter().any(names))
            && self.known_exploited.is_none_or(|yes| yes == any(&|v| v.claim.known_exploited))
            && self.ransomware.is_none_or(|yes| yes == any(&|v| v.claim.ransomware))
            && self.min_epss.is_none_or(|least| any(&|v| v.claim.epss.is_some_and(|p| p >= least)))
            && self.min_cvss.is_none_or(|least| any(&|v| v.claim.cvss.is_some_and(|s| s >= least)))
            && self.min_risk_score.is_none_or(|least| finding.risk_score >= least)
            && self.ssvc.as_ref().is_none_or(|of| finding.ssvc.is_some_and(|d| of.contains(&d)))
            && self.text.as_ref().is_none_or(|text| finding.title.to_lowercase().contains(&text.to_lowercase()))
    }
}

fn among<T: PartialEq>(allowed: Option<&Vec<T>>, value: &T) -> bool {
    allowed.is_none_or(|allowed| allowed.contains(value))
}

impl TriagePolicy {
    /// Does it decide at this instant?
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.until
    }

    /// Does it decide about this finding, as it is now? Not where one of its tripwires would end that at once.
    pub fn applies(&self, finding: &Finding, asset: &Asset, now: Timestamp) -> bool {
        self.is_active(now)
            && !finding.exempt.contains(&self.id)
            && self.findings.matches(finding, asset)
            && !self.is_tripped(finding)
    }

    fn is_tripped(&self, finding: &Finding) -> bool {
        let has = |tripwire| self.tripwires.contains(&tripwire);
        let any = |is: &dyn Fn(&NamedVulnerability) -> bool| finding.vulnerabilities.iter().any(is);
        let made_on = self.created_at.to_zoned(TimeZone::UTC).date();
        let added_since = |v: &NamedVulnerability| {
            v.claim.known_exploited && v.facts.kev.as_ref().is_none_or(|kev| kev.added_on > made_on)
        };
        let verified_is_meant =
            self.findings.confidence.as_ref().is_some_and(|named| named.contains(&Confidence::Verified));
        (has(Tripwire::AddedToKev) && self.findings.known_exploited != Some(true) && any(&added_since))
            || (has(Tripwire::BecameVerified)
                && !verified_is_meant
                && !finding.vulnerabilities.is_empty()
                && finding.confidence == Confidence::Verified)
            || (has(Tripwire::ExploitPublished)
                && any(&|v| v.facts.exploits.iter().any(|e| e.date.is_some_and(|day| day > made_on))))
            || self.epss_above.is_some_and(|limit| any(&|v| v.claim.epss.is_some_and(|p| p > limit)))
    }

    /// Its decision about a finding.
    pub fn decision(&self, now: Timestamp) -> Triage {
        Triage {
            id: self.id.clone(),
            state: self.state,
            reason: Some(self.reason),
            note: Some(self.note.clone()),
            by: self.created_by.clone(),
            at: now,
            until: Some(self.until),
            tripwires: self.tripwires.clone(),
            approved_by: self.approved_by.clone(),
            epss_above: self.epss_above,
        }
    }
}

/// What the policies make of a finding: the first that applies decides, one that somebody ended lets go. At most one
/// step; call again until `None`.
pub fn apply(policies: &[TriagePolicy], finding: &Finding, asset: &Asset, now: Timestamp) -> Option<Transition> {
    if let Some(ended) = let_go(policies, finding, now) {
        return Some(ended);
    }
    let policy = first(policies, finding, asset, now)?;
    let after = decided(policy, finding, now);
    Some(lifecycle::announce_state(finding, after, now, policy.created_by.clone()))
}

/// A finding that just opened or came back, with the decision of the first policy that applies: one event says both.
pub fn settle(policies: &[TriagePolicy], step: Transition, asset: &Asset, now: Timestamp) -> Transition {
    if !matches!(step.event, Some(EventType::FindingOpened | EventType::FindingReopened)) {
        return step;
    }
    match first(policies, &step.after, asset, now) {
        Some(policy) => {
            let after = decided(policy, &step.after, now);
            lifecycle::instead(step, after)
        }
        None => step,
    }
}

fn first<'a>(
    policies: &'a [TriagePolicy],
    finding: &Finding,
    asset: &Asset,
    now: Timestamp,
) -> Option<&'a TriagePolicy> {
    // What somebody works on since a policy was made is theirs.
    let is_open = |policy: &TriagePolicy| match finding.state {
        FindingState::Open => true,
        FindingState::Acknowledged => finding.triage.as_ref().is_none_or(|triage| triage.at < policy.created_at),
        _ => false,
    };
    let applying = policies.iter().filter(|p| is_open(p) && p.applies(finding, asset, now));
    applying.min_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)))
}

fn decided(policy: &TriagePolicy, finding: &Finding, now: Timestamp) -> Finding {
    let mut after = finding.clone();
    after.state = policy.state;
    after.triage = Some(policy.decision(now));
    after.triage_ending_told = false;
    after
}

/// The end of a policy ends its decisions. Its own date ends them as that of any decision (`lifecycle::pass_time`).
fn let_go(policies: &[TriagePolicy], finding: &Finding, now: Timestamp) -> Option<Transition> {
    let id = finding.triage.as_ref().and_then(Triage::policy_id)?;
    let policy = policies.iter().find(|policy| policy.id == id && policy.ended_at.is_some())?;
    if !matches!(finding.state, FindingState::Accepted | FindingState::FalsePositive) {
        return None;
    }
    let mut after = finding.clone();
    after.state = FindingState::Open;
    after.triage = None;
    after.triage_ending_told = false;
    let actor = policy.ended_by.clone().unwrap_or_else(Actor::system);
    Some(lifecycle::ended(lifecycle::announce_state(finding, after, now, actor), "POLICY_ENDED"))
}
