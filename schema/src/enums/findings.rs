//! The words about findings.

use async_graphql::Enum;

/// How bad a finding is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::severity::Severity")]
pub enum Severity {
    /// Now.
    Critical,
    /// Soon.
    High,
    /// Plan it.
    Medium,
    /// When convenient.
    Low,
    /// Worth knowing.
    Info,
}

/// VERIFIED: the flaw itself was seen. INFERRED: concluded from a version.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::severity::Confidence")]
pub enum Confidence {
    /// The flaw itself was seen.
    Verified,
    /// Concluded from a version.
    Inferred,
}

/// Where work on a finding stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::finding::FindingState")]
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

/// Why a finding was resolved.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::finding::Resolution")]
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

/// Why a person decided as they did.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::finding::TriageReason")]
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

/// What ends an acceptance early. Beside these, `epssAbove` ends it when the probability passes that value.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::finding::Tripwire")]
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

/// By what rule a due date was set.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::due::DueBasis")]
pub enum DueBasis {
    /// CISA's Binding Operational Directive 26-04.
    #[graphql(name = "BOD_26_04")]
    Bod2604,
    /// The organization's days per severity.
    Sla,
}

/// By what findings are ordered; ties by id.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "app::directory::Order")]
pub enum FindingOrderField {
    /// Risk score.
    Risk,
    /// When it was first observed.
    #[graphql(name = "FIRST_OBSERVED_AT")]
    FirstObserved,
    /// When something that a person cares about changed.
    #[graphql(name = "UPDATED_AT")]
    Updated,
    /// When it is due; those without a date come last ascending.
    #[graphql(name = "DUE_AT")]
    Due,
}

/// The span that an overview covers.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Seven days.
    #[graphql(name = "LAST_7_DAYS")]
    Last7Days,
    /// Thirty days.
    #[graphql(name = "LAST_30_DAYS")]
    Last30Days,
    /// Ninety days.
    #[graphql(name = "LAST_90_DAYS")]
    Last90Days,
    /// A year.
    #[graphql(name = "LAST_365_DAYS")]
    Last365Days,
}

impl Period {
    /// Its length in days.
    pub const fn days(self) -> i64 {
        match self {
            Self::Last7Days => 7,
            Self::Last30Days => 30,
            Self::Last90Days => 90,
            Self::Last365Days => 365,
        }
    }
}

/// What sort of thing a finding is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::rule::Category")]
pub enum FindingCategory {
    /// A known vulnerability.
    Vulnerability,
    /// A service that need not be on the Internet.
    ExposedService,
    /// A database that answers anybody.
    OpenDatabase,
    /// An industrial protocol.
    IndustrialControl,
    /// A device of the Internet of Things.
    IotDevice,
    /// A way in from afar.
    RemoteAccess,
    /// Easily guessed or missing credentials.
    WeakCredentials,
    /// Encryption that no longer protects.
    WeakEncryption,
    /// A certificate.
    Certificate,
    /// A product without support.
    EndOfLife,
    /// Malware, or traces of it.
    Malware,
    /// Can be abused against others.
    Amplification,
    /// Tells more than it should.
    InformationLeak,
    /// Something changed.
    Change,
}
