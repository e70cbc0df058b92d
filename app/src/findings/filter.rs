use std::net::IpAddr;

use domain::asset::Criticality;
use domain::cve::CveId;
use domain::finding::{FindingState, Resolution};
use domain::ids::{AssetId, UserId};
use domain::rule::{Category, RuleId};
use domain::severity::{Confidence, Severity};
use domain::ssvc;
use ipnet::IpNet;
use jiff::Timestamp;

use crate::directory::Counts;

/// Which findings to list. Fields are and-ed; the values of a list are or-ed, so that an empty list takes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields of the API's FindingFilter, described there")]
pub struct FindingFilter {
    pub text: Option<String>,
    pub severities: Option<Vec<Severity>>,
    pub states: Option<Vec<FindingState>>,
    pub categories: Option<Vec<Category>>,
    pub confidence: Option<Vec<Confidence>>,
    pub asset_ids: Option<Vec<AssetId>>,
    pub asset_tags: Option<Vec<String>>,
    pub owners: Option<Vec<String>>,
    pub sites: Option<Vec<String>>,
    pub asset_criticality: Option<Vec<Criticality>>,
    pub ip: Option<IpAddr>,
    pub within: Option<Vec<IpNet>>,
    pub ports: Option<Vec<u16>>,
    pub cve: Option<CveId>,
    pub cves: Option<Vec<CveId>>,
    pub rule: Option<RuleId>,
    pub known_exploited: Option<bool>,
    pub ransomware: Option<bool>,
    pub ssvc: Option<Vec<ssvc::Decision>>,
    pub min_epss: Option<f64>,
    pub min_cvss: Option<f64>,
    pub min_risk_score: Option<u8>,
    pub overdue: Option<bool>,
    pub stale: Option<bool>,
    pub assignee: Option<UserId>,
    pub unassigned: Option<bool>,
    pub has_ticket: Option<bool>,
    pub triage_policy: Option<String>,
    pub resolutions: Option<Vec<Resolution>>,
    pub first_observed_after: Option<Timestamp>,
    pub updated_after: Option<Timestamp>,
    pub opened_after: Option<Timestamp>,
    pub opened_before: Option<Timestamp>,
    pub resolved_after: Option<Timestamp>,
    pub resolved_before: Option<Timestamp>,
    pub due_before: Option<Timestamp>,
    pub triage_ends_before: Option<Timestamp>,
}

impl FindingFilter {
    /// What states and severities leave of the counts of everything; `None`: the filter asks for more than these.
    pub(super) fn of_all(&self, all: &Counts) -> Option<Counts> {
        let rest = Self { states: None, severities: None, ..self.clone() };
        (rest == Self::default()).then(|| {
            let takes_state = |state| self.states.as_ref().is_none_or(|s| s.contains(&state));
            let takes_severity = |severity| self.severities.as_ref().is_none_or(|s| s.contains(&severity));
            all.only(takes_state, takes_severity)
        })
    }

    /// Does it ask about the asset rather than the finding?
    pub(super) const fn asks_of_asset(&self) -> bool {
        self.asset_tags.is_some() || self.owners.is_some() || self.sites.is_some() || self.asset_criticality.is_some()
    }

    /// Does it ask what only the rows of findings can tell?
    pub(super) const fn asks_of_rows(&self) -> bool {
        self.text.is_some()
            || self.ip.is_some()
            || self.within.is_some()
            || self.cve.is_some()
            || self.cves.is_some()
            || self.min_epss.is_some()
            || self.min_cvss.is_some()
            || self.assignee.is_some()
            || self.triage_policy.is_some()
            || self.triage_ends_before.is_some()
    }
}
