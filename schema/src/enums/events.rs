//! The words of the event log.

use async_graphql::Enum;

/// What happened.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::event::EventType")]
pub enum EventType {
    /// A finding was opened.
    FindingOpened,
    /// A resolved finding came back.
    FindingReopened,
    /// A finding is gone.
    FindingResolved,
    /// Its severity changed.
    FindingSeverityChanged,
    /// Somebody, or the end of a decision, changed its state.
    FindingStateChanged,
    /// CISA lists its vulnerability as exploited.
    FindingAddedToKev,
    /// Due date, confidence, assignee, ticket, owner asset, or risk by 10 or more.
    FindingUpdated,
    /// Somebody is to work on it.
    FindingAssigned,
    /// Somebody wrote about it.
    FindingCommented,
    /// It is due within 3 days.
    FindingDueSoon,
    /// It was due.
    FindingOverdue,
    /// A decision ends within 14 days.
    TriageEnding,
    /// A decision ended.
    TriageEnded,
    /// A service was seen for the first time, or again.
    ServiceOpened,
    /// A service says something else.
    ServiceChanged,
    /// A service is gone.
    ServiceClosed,
    /// An address of a network was seen for the first time.
    HostAppeared,
    /// An asset was registered.
    AssetCreated,
    /// An asset was changed.
    AssetUpdated,
    /// An asset was deleted.
    AssetDeleted,
    /// An asset was retired.
    AssetRetired,
    /// Nothing was seen of an asset for too long.
    AssetStale,
    /// A poll failed for a cause of that asset alone.
    AssetPollFailed,
    /// A failed asset answers again.
    AssetRecovered,
    /// An asset was polled for the first time.
    AssetFirstPolled,
    /// A source does not answer.
    SourceFailing,
    /// A source answers again.
    SourceRecovered,
    /// Few credits are left.
    CreditsLow,
    /// A channel's receiver fails.
    ChannelFailing,
    /// A channel was switched off.
    ChannelDisabled,
    /// A channel's receiver works again.
    ChannelRecovered,
    /// Somebody tests a channel.
    Test,
}
