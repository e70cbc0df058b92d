use domain::cve::CveId;
use domain::finding::{Finding, FindingState, Resolution};
use domain::ids::{AssetId, Bucket, FindingId};
use domain::rule::{Category, RuleId};
use domain::severity::{Confidence, Severity};
use domain::ssvc;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use ulid::Ulid;

/// What is true of a finding, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// Known to be exploited.
    pub const KNOWN_EXPLOITED: u8 = 1;
    /// Used in ransomware campaigns.
    pub const RANSOMWARE: u8 = 2;
    /// Not seen for too long.
    pub const STALE: u8 = 4;
    /// Somebody works on it.
    pub const ASSIGNED: u8 = 8;
    /// A forensic investigation is asked for.
    pub const FORENSICS: u8 = 16;
    /// UDP rather than TCP.
    pub const UDP: u8 = 32;
    /// A ticket is linked.
    pub const TICKET: u8 = 64;

    /// Is the bit set?
    pub const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// A finding as its directory knows it. Instants are seconds since 1970; 0: none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Ulid of the asset it was born under.
    pub birth: u128,
    /// Ulid of the asset that owns it.
    pub owner: u128,
    /// The fingerprint of its identity.
    pub fingerprint: u64,
    /// How bad.
    pub severity: Severity,
    /// Where work stands.
    pub state: FindingState,
    /// How sure.
    pub confidence: Confidence,
    /// What sort of thing, by its place in [`Category::ALL`].
    pub category: u8,
    /// 0 to 100.
    pub risk: u8,
    /// What else is true.
    pub flags: Flags,
    /// Port; 0: none.
    pub port: u16,
    /// First observed.
    pub first: u32,
    /// Opened.
    pub opened: u32,
    /// Updated.
    pub updated: u32,
    /// Due.
    pub due: u32,
    /// Resolved.
    pub resolved: u32,
    /// Why it was resolved, by its place in [`Resolution`]'s order and one more; 0: it is not.
    pub resolution: u8,
    /// When to act by SSVC, by its place in [`ssvc::Decision::ALL`] and one more; 0: it is not about vulnerabilities.
    pub ssvc: u8,
    /// Its rule, as [`rule_number`] names it.
    pub rule: u64,
    /// Two bits for each of its CVEs, see [`cve_bits`]: what lacks one of a CVE's bits is not about that CVE.
    pub cves: u64,
}

impl Entry {
    /// The entry of a finding.
    pub fn of(finding: &Finding) -> Self {
        let known = finding.vulnerabilities.iter().any(|v| v.claim.known_exploited);
        let ransomware = finding.vulnerabilities.iter().any(|v| v.claim.ransomware);
        let udp = finding.transport == Some(domain::observation::Transport::Udp);
        let flags = [
            (known, Flags::KNOWN_EXPLOITED),
            (ransomware, Flags::RANSOMWARE),
            (finding.stale, Flags::STALE),
            (finding.assignee.is_some(), Flags::ASSIGNED),
            (finding.forensics_required, Flags::FORENSICS),
            (udp, Flags::UDP),
            (!finding.tickets.is_empty(), Flags::TICKET),
        ];
        Self {
            birth: number(&finding.id.birth),
            owner: number(&finding.asset.ulid),
            fingerprint: u64::from_str_radix(&finding.id.fingerprint, 16).unwrap_or(0),
            severity: finding.severity,
            state: finding.state,
            confidence: finding.confidence,
            category: category_number(finding.category),
            risk: finding.risk_score,
            flags: Flags(flags.iter().filter(|(is, _)| *is).map(|(_, bit)| bit).sum()),
            port: finding.port.unwrap_or(0),
            first: seconds(finding.first_observed_at),
            opened: seconds(finding.opened_at),
            updated: seconds(finding.updated_at),
            due: finding.due_at.map_or(0, seconds),
            resolved: finding.resolved_at.map_or(0, seconds),
            resolution: finding.resolution.map_or(0, |r| r as u8 + 1),
            ssvc: finding.ssvc.map_or(0, |decision| decision as u8 + 1),
            rule: rule_number(&finding.rule),
            cves: finding.vulnerabilities.iter().map(|v| cve_bits(&v.cve)).fold(0, |all, bits| all | bits),
        }
    }

    /// The finding's id.
    pub fn id(&self, bucket: Bucket) -> FindingId {
        FindingId { bucket, birth: Ulid(self.birth).to_string(), fingerprint: format!("{:016x}", self.fingerprint) }
    }

    /// The owner's id.
    pub fn owner(&self, bucket: Bucket) -> AssetId {
        AssetId { bucket, ulid: Ulid(self.owner).to_string() }
    }

    /// Why it was resolved.
    pub fn resolution_is(&self, resolution: Resolution) -> bool {
        self.resolution == resolution as u8 + 1
    }

    /// Why it was resolved; `None`: it is not.
    pub fn resolution(&self) -> Option<Resolution> {
        Resolution::ALL.into_iter().find(|r| self.resolution_is(*r))
    }

    /// When to act.
    pub fn ssvc_is(&self, decision: ssvc::Decision) -> bool {
        self.ssvc == decision as u8 + 1
    }

    /// May it be about the CVE? `false` is certain.
    pub const fn may_name(&self, cve_bits: u64) -> bool {
        self.cves & cve_bits == cve_bits
    }

    /// Is it the same finding?
    pub fn is(&self, other: &Self) -> bool {
        self.birth == other.birth && self.fingerprint == other.fingerprint
    }
}

/// The number behind a ulid; 0 for what is none.
pub(crate) fn number(ulid: &str) -> u128 {
    Ulid::from_string(ulid).map_or(0, |u| u.0)
}

/// A rule as entries name it: 64 bits of its id's hash, so that a list of rules needs no row of its own.
pub(crate) fn rule_number(rule: &RuleId) -> u64 {
    let hash = Sha256::digest(rule.as_str());
    hash.first_chunk().copied().map_or(0, u64::from_le_bytes)
}

/// Two of 64 bits, by the hash of a CVE: two findings in three that name ten others do not show both.
pub(crate) fn cve_bits(cve: &CveId) -> u64 {
    let hash = Sha256::digest(cve.as_str());
    1 << (hash[0] & 63) | 1 << (hash[1] & 63)
}

fn category_number(category: Category) -> u8 {
    Category::ALL.iter().position(|c| *c == category).and_then(|n| u8::try_from(n).ok()).unwrap_or(0)
}

/// Whole seconds since 1970 that fit 32 bits (until 2106).
pub(crate) fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.as_second().max(1)).unwrap_or(u32::MAX)
}
