use domain::finding::{Finding, FindingState};
use domain::ids::{AssetId, Bucket, FindingId};
use domain::rule::Category;
use domain::severity::{Confidence, Severity};
use jiff::Timestamp;
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

    /// Is it the same finding?
    pub fn is(&self, other: &Self) -> bool {
        self.birth == other.birth && self.fingerprint == other.fingerprint
    }
}

/// The number behind a ulid; 0 for what is none.
pub(crate) fn number(ulid: &str) -> u128 {
    Ulid::from_string(ulid).map_or(0, |u| u.0)
}

fn category_number(category: Category) -> u8 {
    Category::ALL.iter().position(|c| *c == category).and_then(|n| u8::try_from(n).ok()).unwrap_or(0)
}

/// Whole seconds since 1970 that fit 32 bits (until 2106).
pub(crate) fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.as_second().max(1)).unwrap_or(u32::MAX)
}
