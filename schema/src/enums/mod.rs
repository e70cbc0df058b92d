//! The words of the API, each tied to the domain's type.

mod assets;
mod dimension;
mod events;
mod exploits;
mod findings;
mod notifications;
mod people;
mod scans;
mod ssvc;

pub use assets::{
    AssetKind, AssetOrderField, Criticality, DataSource, ImportOutcome, MonitoringState, OnExisting, OrderDirection,
    ServiceState, Transport,
};
pub use dimension::FindingDimension;
pub use events::EventType;
pub use exploits::{ExploitDatabase, ExploitFacetName, ExploitSource};
pub use findings::{
    Confidence, DueBasis, FindingCategory, FindingOrderField, FindingState, Period, Resolution, Severity, TriageReason,
    Tripwire,
};
pub use notifications::{
    ChannelStatus, ChatService, DecisionReason, DeliveryError, DeliverySchedule, DeliveryState, FirstPoll,
    NotificationGroup, QuietHoursEnd, WebhookSignature,
};
pub use people::{ActorKind, Role, Scope, ShodanKeySource, UserErrorCode};
pub use scans::ScanState;
pub use ssvc::SsvcDecision;
