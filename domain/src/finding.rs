//! Something that is wrong, over time.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::actor::Actor;
use crate::cve::CveId;
use crate::due::DueBasis;
use crate::ids::{AssetId, FindingId, ServiceId};
use crate::intelligence::CveFacts;
use crate::observation::{DataSource, Transport, VulnerabilityClaim};
use crate::risk::RiskFactor;
use crate::rule::{Category, RuleId};
use crate::severity::{Confidence, Severity};
use crate::ssvc;
use crate::ticket::Ticket;

/// Where work on a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FindingState {
    /// Nobody has decided anything.
    Open,
    /// Somebody knows and works on it.
    Acknowledged,
    /// The risk is taken, until an end.
    Accepted,
    /// It is not so.
    FalsePositive,
    /// It is gone.
    Resolved,
}

impl FindingState {
    /// All of them, in the order of the API's counts.
    pub const ALL: [Self; 5] = [Self::Open, Self::Acknowledged, Self::Accepted, Self::FalsePositive, Self::Resolved];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Acknowledged => "ACKNOWLEDGED",
            Self::Accepted => "ACCEPTED",
            Self::FalsePositive => "FALSE_POSITIVE",
            Self::Resolved => "RESOLVED",
        }
    }

    /// Is there work left: open or acknowledged?
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Open | Self::Acknowledged)
    }
}

/// Why a finding was resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Resolution {
    /// Its service is gone.
    NotSeen,
    /// Its service answers without the flaw.
    SeenFixed,
    /// A person said so.
    Manual,
    /// Its asset has another target.
    AssetMoved,
    /// Its asset was retired.
    AssetRetired,
    /// Its rule changed, was disabled or deleted.
    RuleChanged,
    /// The source took the claim back.
    Retracted,
}

impl Resolution {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NotSeen,
        Self::SeenFixed,
        Self::Manual,
        Self::AssetMoved,
        Self::AssetRetired,
        Self::RuleChanged,
        Self::Retracted,
    ];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotSeen => "NOT_SEEN",
            Self::SeenFixed => "SEEN_FIXED",
            Self::Manual => "MANUAL",
            Self::AssetMoved => "ASSET_MOVED",
            Self::AssetRetired => "ASSET_RETIRED",
            Self::RuleChanged => "RULE_CHANGED",
            Self::Retracted => "RETRACTED",
        }
    }
}

/// Why a person decided as they did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TriageReason {
    /// The risk is small enough.
    AcceptableRisk,
    /// Something else protects.
    CompensatingControl,
    /// A fix has a date.
    PlannedFix,
    /// Cannot be exploited here.
    NotExploitable,
    /// Belongs to somebody else.
    NotOurs,
    /// The version was read wrongly.
    WrongVersion,
    /// A trap of ours.
    Honeypot,
    /// It was fixed.
    Fixed,
    /// Something else, see the note.
    Other,
}

/// What ends an acceptance early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Tripwire {
    /// CISA lists it as exploited.
    AddedToKev,
    /// Its severity rose.
    SeverityRose,
    /// Its service changed.
    ServiceChanged,
    /// It was inferred and is now verified.
    BecameVerified,
    /// An exploit was published.
    ExploitPublished,
}

/// A person's decision about a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Triage {
    /// One id for all findings of one decision.
    pub id: String,
    /// What was decided.
    pub state: FindingState,
    /// Why.
    #[serde(default)]
    pub reason: Option<TriageReason>,
    /// In words.
    #[serde(default)]
    pub note: Option<String>,
    /// Who decided.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Until when it holds; `None`: no end.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// What ends it early.
    #[serde(default)]
    pub tripwires: Vec<Tripwire>,
    /// Who approved it.
    #[serde(default)]
    pub approved_by: Option<String>,
    /// Ends it when the EPSS probability passes this value.
    #[serde(default)]
    pub epss_above: Option<f64>,
}

/// What was seen, word for word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// Who saw it.
    pub source: DataSource,
    /// When.
    pub observed_at: Timestamp,
    /// `false`: the source has no dates.
    pub observed_at_exact: bool,
    /// When we asked.
    pub polled_at: Timestamp,
    /// The field, such as `service.mqtt.code`.
    pub field: String,
    /// Its value, ≤ 512 bytes.
    pub value: String,
}

/// What somebody wrote about a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comment {
    /// Its id.
    pub id: String,
    /// Who wrote it.
    pub author: Actor,
    /// When.
    pub at: Timestamp,
    /// The text, ≤ 10 000 characters.
    pub text: String,
}

/// A vulnerability that a finding is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedVulnerability {
    /// Which.
    pub cve: CveId,
    /// What the source says of it.
    #[serde(flatten)]
    pub claim: VulnerabilityClaim,
    /// What is known of it beside; the claim has been brought up to date with it.
    #[serde(default, skip_serializing_if = "CveFacts::is_empty")]
    pub facts: CveFacts,
}

/// A finding as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Its id, for ever.
    pub id: FindingId,
    /// The asset that owns it now.
    pub asset: AssetId,
    /// Its service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceId>,
    /// Its address.
    pub ip: IpAddr,
    /// Its port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Its transport.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// The rule that found it.
    pub rule: RuleId,
    /// What rules count as one for its identity: the rule's id, or `cve`.
    pub family: String,
    /// What else its identity names: the CVE, or the product whose CVEs are folded.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The rule's name then.
    pub rule_name: String,
    /// The rule's version then.
    pub rule_version: u32,
    /// One line.
    pub title: String,
    /// What sort of thing it is.
    pub category: Category,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Where work stands.
    pub state: FindingState,
    /// Why it was resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// No observation for too long.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    /// The one CVE, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cve: Option<CveId>,
    /// Its CVE, or the CVEs that were folded into it; worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vulnerabilities: Vec<NamedVulnerability>,
    /// 0 to 100, the sum of the factors.
    pub risk_score: u8,
    /// Why this score.
    pub risk_factors: Vec<RiskFactor>,
    /// What was seen, ≤ 3.
    pub evidence: Vec<Evidence>,
    /// What to do.
    pub remediation: String,
    /// Where to read on, ≤ 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// Fix by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// By what rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_basis: Option<DueBasis>,
    /// From when the days are counted; `None`: from its opening.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_from: Option<Timestamp>,
    /// CISA asks for a forensic investigation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forensics_required: bool,
    /// When to act by SSVC's tree, of the most urgent of its CVEs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssvc: Option<ssvc::Decision>,
    /// Was `FINDING_DUE_SOON` told for this `due_at`?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub due_soon_told: bool,
    /// Was `FINDING_OVERDUE` told for this `due_at`?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overdue_told: bool,
    /// Was `TRIAGE_ENDING` told for this triage?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub triage_ending_told: bool,
    /// Who works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Actor>,
    /// The decision that holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triage: Option<Triage>,
    /// Triage policies that no longer apply to it: a tripwire or a person ended their decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exempt: Vec<String>,
    /// What was written, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comments: Vec<Comment>,
    /// Tickets of other systems about it, in the order in which they were linked, ≤ 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tickets: Vec<Ticket>,
    /// When it was last opened or reopened.
    pub opened_at: Timestamp,
    /// When it was first seen.
    pub first_observed_at: Timestamp,
    /// When the source last saw it.
    pub last_observed_at: Timestamp,
    /// When it was resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
    /// When something that a person cares about changed.
    pub updated_at: Timestamp,
    /// How often it came back.
    pub reopen_count: u32,
    /// Rises with each of its events.
    pub revision: u64,
}

impl Triage {
    /// The policy that decided; `None`: a person did.
    pub fn policy_id(&self) -> Option<&str> {
        self.id.starts_with(POLICY).then_some(self.id.as_str())
    }
}

/// How the ids of triage policies begin; the decisions of a policy have its id.
pub const POLICY: &str = "policy_";

impl Finding {
    /// Its identity under an owner that may have many addresses, or has one.
    pub fn identity(&self, many_addresses: bool) -> Identity {
        Identity {
            ip: many_addresses.then_some(self.ip),
            port: self.port.zip(self.transport),
            rule: self.family.clone(),
            subject: self.subject.clone(),
        }
    }
}

/// What makes a finding that finding: neither its title nor its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// Named only where the owner may have several addresses.
    pub ip: Option<IpAddr>,
    /// Port and transport.
    pub port: Option<(u16, Transport)>,
    /// The rule; all CVE rules count as one, so that a CVE that becomes verified stays itself.
    pub rule: String,
    /// CVE, or the product whose inferred CVEs are folded.
    pub subject: String,
}

impl Identity {
    /// 16 hexadecimal characters.
    pub fn fingerprint(&self) -> String {
        let ip = self.ip.map(|ip| ip.to_string()).unwrap_or_default();
        let port = self.port.map(|(p, t)| format!("{p}/{}", t.as_str())).unwrap_or_default();
        let text = format!("1\n{ip}\n{port}\n{}\n{}", self.rule, self.subject);
        Sha256::digest(text.as_bytes()).iter().take(8).map(|b| format!("{b:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_is_address_port_rule_and_subject() {
        let base =
            Identity { ip: None, port: Some((80, Transport::Tcp)), rule: "rule_a".into(), subject: String::new() };
        let print = base.fingerprint();
        assert_eq!(print.len(), 16);
        for other in [
            Identity { ip: Some("203.0.113.1".parse().unwrap()), ..base.clone() },
            Identity { port: Some((80, Transport::Udp)), ..base.clone() },
            Identity { port: None, ..base.clone() },
            Identity { rule: "rule_b".into(), ..base.clone() },
            Identity { subject: "CVE-2021-36260".into(), ..base.clone() },
        ] {
            assert_ne!(other.fingerprint(), print);
        }
    }
}
