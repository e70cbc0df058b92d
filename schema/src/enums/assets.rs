//! The words about assets, and what is seen there.

use async_graphql::Enum;

/// The four kinds of assets, by what their target is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::target::AssetKind")]
pub enum AssetKind {
    /// One address.
    Device,
    /// A CIDR.
    Network,
    /// A host name, resolved anew at each poll.
    Domain,
    /// A Shodan query.
    Query,
}

/// How much depends on an asset.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::asset::Criticality")]
pub enum Criticality {
    /// Little.
    Low,
    /// The usual.
    Medium,
    /// Much.
    High,
    /// Safety, or the whole operation.
    Critical,
}

/// How the monitoring of an asset goes.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::asset::MonitoringState")]
pub enum MonitoringState {
    /// Not polled yet.
    Waiting,
    /// The last poll brought an answer.
    Ok,
    /// The source knows nothing of it: unknown, not fixed.
    UnknownToSource,
    /// Nothing was seen for too long.
    Stale,
    /// The last poll failed.
    Failing,
    /// Paused or retired.
    Paused,
}

/// Who said it.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::observation::DataSource")]
pub enum DataSource {
    /// A look-up of one host at Shodan.
    ShodanHost,
    /// A search at Shodan.
    ShodanSearch,
    /// A push of Shodan Monitor.
    ShodanAlert,
    /// InternetDB: no key, no banners, no dates.
    #[graphql(name = "INTERNETDB")]
    InternetDb,
}

/// TCP or UDP.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::observation::Transport")]
pub enum Transport {
    /// TCP
    Tcp,
    /// UDP
    Udp,
}

/// Is a service still there, as far as the source says?
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::service::ServiceState")]
pub enum ServiceState {
    /// It was there at the last look.
    Open,
    /// Fresh answers left it out often enough.
    Closed,
}

/// Which way.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "app::directory::Direction")]
pub enum OrderDirection {
    /// The least first.
    #[graphql(name = "ASC")]
    Ascending,
    /// The greatest first.
    #[graphql(name = "DESC")]
    Descending,
}

/// By what assets are ordered.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "app::assets::AssetOrderField")]
pub enum AssetOrderField {
    /// Name, without regard to case.
    Name,
    /// When it was registered.
    CreatedAt,
    /// Risk score.
    Risk,
}

/// What to do with a row whose target or external id is there already.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "app::assets::OnExisting")]
pub enum OnExisting {
    /// Refuse the row.
    Reject,
    /// Leave the asset as it is.
    Skip,
    /// Change the asset to what the row says.
    Update,
}

/// What became of a row of an import.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "app::assets::Outcome")]
pub enum ImportOutcome {
    /// A new asset.
    Created,
    /// An asset was changed.
    Updated,
    /// The asset was like that already, or left as it is.
    Unchanged,
    /// The row has faults.
    Rejected,
}
