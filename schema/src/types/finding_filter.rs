//! Which findings are meant.

use app::findings;
use async_graphql::{ID, InputObject, Result};
use domain::ids::AssetId;

use crate::context::bad_input;
use crate::enums::{Confidence, Criticality, FindingCategory, FindingState, Resolution, Severity, SsvcDecision};
use crate::scalars::{Cidr, CveId, DateTime, IpAddress};

/// Fields are and-ed; the values of a list are or-ed; no `states` means all states; `cve` and `cves` look inside folded
/// findings.
#[derive(InputObject, Default)]
pub struct FindingFilter {
    /// In title, rule, evidence, remediation or address; without regard to case.
    pub text: Option<String>,
    /// Severities.
    pub severities: Option<Vec<Severity>>,
    /// States.
    pub states: Option<Vec<FindingState>>,
    /// Categories.
    pub categories: Option<Vec<FindingCategory>>,
    /// How sure.
    pub confidence: Option<Vec<Confidence>>,
    /// Of this asset.
    pub asset_id: Option<ID>,
    /// Of one of these assets.
    pub asset_ids: Option<Vec<ID>>,
    /// Of an asset with one of these tags.
    pub asset_tags: Option<Vec<String>>,
    /// Of an asset of one of these owners.
    pub owners: Option<Vec<String>>,
    /// Of an asset at one of these sites.
    pub sites: Option<Vec<String>>,
    /// Of an asset of this criticality.
    pub asset_criticality: Option<Vec<Criticality>>,
    /// At this address.
    pub ip: Option<IpAddress>,
    /// Inside one of these networks.
    pub within: Option<Vec<Cidr>>,
    /// On one of these ports.
    pub ports: Option<Vec<i32>>,
    /// About this CVE.
    pub cve: Option<CveId>,
    /// About one of these CVEs.
    pub cves: Option<Vec<CveId>>,
    /// Of this rule.
    pub rule_id: Option<ID>,
    /// In CISA's catalogue of known exploited vulnerabilities, or not.
    pub known_exploited: Option<bool>,
    /// Used in ransomware campaigns, or not.
    pub ransomware: Option<bool>,
    /// To be acted on then, by CERT/CC's table for deployers: its worst CVE, and how critical the asset is. Findings
    /// without a CVE have no such decision.
    pub ssvc: Option<Vec<SsvcDecision>>,
    /// With an EPSS probability of at least this, 0 to 1.
    pub min_epss: Option<f64>,
    /// With a CVSS score of at least this, 0 to 10.
    pub min_cvss: Option<f64>,
    /// With a risk of at least this, 0 to 100.
    pub min_risk_score: Option<i32>,
    /// Open or acknowledged and due, or not.
    pub overdue: Option<bool>,
    /// Not observed for too long, or not.
    pub stale: Option<bool>,
    /// Somebody works on it who has this id.
    pub assignee_id: Option<ID>,
    /// Nobody works on it, or somebody does.
    pub unassigned: Option<bool>,
    /// A ticket is linked, or none.
    pub has_ticket: Option<bool>,
    /// Decided by this triage policy.
    pub triage_policy_id: Option<ID>,
    /// Resolved for one of these reasons.
    pub resolutions: Option<Vec<Resolution>>,
    /// First observed after.
    pub first_observed_after: Option<DateTime>,
    /// Updated after.
    pub updated_after: Option<DateTime>,
    /// Opened after.
    pub opened_after: Option<DateTime>,
    /// Opened before.
    pub opened_before: Option<DateTime>,
    /// Resolved after.
    pub resolved_after: Option<DateTime>,
    /// Resolved before.
    pub resolved_before: Option<DateTime>,
    /// Due before.
    pub due_before: Option<DateTime>,
    /// With a decision that ends before.
    pub triage_ends_before: Option<DateTime>,
}

fn all<T, U: From<T>>(list: Option<Vec<T>>) -> Option<Vec<U>> {
    list.map(|l| l.into_iter().map(U::from).collect())
}

/// One asset and several are and-ed, as all fields are.
fn assets(one: Option<ID>, several: Option<Vec<ID>>) -> Option<Vec<AssetId>> {
    let read = |ids: Vec<ID>| -> Vec<AssetId> { ids.iter().filter_map(|id| id.parse().ok()).collect() };
    match (one.map(|id| read(vec![id])), several.map(read)) {
        (Some(one), Some(several)) => Some(one.into_iter().filter(|id| several.contains(id)).collect()),
        (one, several) => one.or(several),
    }
}

impl FindingFilter {
    /// What it takes of one asset alone.
    #[must_use]
    pub fn of_asset(self, asset: &AssetId) -> Self {
        let own = ID::from(asset.to_string());
        let others = self.asset_id.as_ref().is_some_and(|id| *id != own);
        let asset_ids = if others { Some(Vec::new()) } else { self.asset_ids };
        Self { asset_id: Some(own), asset_ids, ..self }
    }

    /// As the use case takes it. What no id can be matches nothing.
    pub fn read(self) -> Result<findings::FindingFilter> {
        let rule = self
            .rule_id
            .map(|id| domain::rule::RuleId::parse(&id).ok_or_else(|| bad_input("ruleId is not the id of a rule")))
            .transpose()?;
        let assignee = self
            .assignee_id
            .map(|id| id.parse().map_err(|_| bad_input("assigneeId is not the id of a person")))
            .transpose()?;
        let ports = self.ports.map(|p| p.into_iter().filter_map(|p| u16::try_from(p).ok()).collect());
        Ok(findings::FindingFilter {
            text: self.text,
            severities: all(self.severities),
            states: all(self.states),
            categories: all(self.categories),
            confidence: all(self.confidence),
            asset_ids: assets(self.asset_id, self.asset_ids),
            asset_tags: self.asset_tags,
            owners: self.owners,
            sites: self.sites,
            asset_criticality: all(self.asset_criticality),
            ip: self.ip.map(|ip| ip.0),
            within: self.within.map(|l| l.into_iter().map(|c| c.0).collect()),
            ports,
            cve: self.cve.map(|c| c.0),
            cves: self.cves.map(|l| l.into_iter().map(|c| c.0).collect()),
            rule,
            known_exploited: self.known_exploited,
            ransomware: self.ransomware,
            ssvc: all(self.ssvc),
            min_epss: self.min_epss,
            min_cvss: self.min_cvss,
            min_risk_score: self.min_risk_score.map(|r| u8::try_from(r.clamp(0, 255)).unwrap_or(0)),
            overdue: self.overdue,
            stale: self.stale,
            assignee,
            unassigned: self.unassigned,
            has_ticket: self.has_ticket,
            triage_policy: self.triage_policy_id.map(|id| id.to_string()),
            resolutions: all(self.resolutions),
            first_observed_after: self.first_observed_after.map(|t| t.0),
            updated_after: self.updated_after.map(|t| t.0),
            opened_after: self.opened_after.map(|t| t.0),
            opened_before: self.opened_before.map(|t| t.0),
            resolved_after: self.resolved_after.map(|t| t.0),
            resolved_before: self.resolved_before.map(|t| t.0),
            due_before: self.due_before.map(|t| t.0),
            triage_ends_before: self.triage_ends_before.map(|t| t.0),
        })
    }
}
