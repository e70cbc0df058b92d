//! The words about notifications.

use async_graphql::Enum;

/// How a channel is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "app::notify::ChannelStatus")]
pub enum ChannelStatus {
    /// As far as we know it works.
    Healthy,
    /// No recipient has confirmed yet.
    Unconfirmed,
    /// Its receiver failed at the last attempt.
    Failing,
    /// Switched off by a person or by the program.
    Disabled,
}

/// Where a delivery stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "app::notify::DeliveryState")]
pub enum DeliveryState {
    /// No attempt yet.
    Pending,
    /// The receiver took it.
    Delivered,
    /// An attempt failed, another one follows.
    Retrying,
    /// Given up; a person can send it again.
    Exhausted,
    /// Its channel was disabled or deleted before it was delivered.
    Cancelled,
    /// Waits for its window or quiet hours to end.
    Held,
}

/// Why an attempt failed.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "app::ports::AttemptError")]
pub enum DeliveryError {
    /// No complete answer in time.
    Timeout,
    /// The name has no usable address.
    Dns,
    /// No connection.
    Connect,
    /// No secure connection.
    Tls,
    /// Not an address that a webhook may reach; never tried.
    BlockedAddress,
    /// An answer other than 2xx.
    HttpStatus,
    /// A redirect, which is never followed.
    Redirect,
    /// The mail server says: later.
    SmtpTransient,
    /// The mail server says: never.
    SmtpPermanent,
    /// The recipient is not to be written to.
    Suppressed,
}

/// What is sent of an asset's first poll.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::trigger::FirstPoll")]
pub enum FirstPoll {
    /// Each event.
    Each,
    /// One summary.
    Summary,
    /// Nothing.
    None,
}

/// How requests are signed.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "app::notify::Signature")]
pub enum WebhookSignature {
    /// Standard Webhooks v1: HMAC-SHA256 with a shared secret.
    #[graphql(name = "HMAC_SHA256")]
    HmacSha256,
    /// Standard Webhooks v1a: Ed25519.
    #[graphql(name = "ED25519")]
    Ed25519,
}

/// A product in which people talk, or are woken.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "app::ports::ChatService")]
pub enum ChatService {
    /// Slack, an incoming webhook.
    Slack,
    /// Microsoft Teams, a workflow that begins with a webhook request.
    Teams,
    /// Discord, a channel's webhook.
    Discord,
    /// PagerDuty, Events API v2. Gets every event at once; the finding's id is the incident's key.
    #[graphql(name = "PAGERDUTY")]
    PagerDuty,
}

/// IMMEDIATE groups what arrives within 30 s; digests go out in the channel's time zone.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::trigger::Schedule")]
pub enum DeliverySchedule {
    /// At once; for people what arrives within 30 s together, and the next message not before five minutes later.
    Immediate,
    /// At every full hour.
    Hourly,
    /// Once a day.
    Daily,
    /// Once a week.
    Weekly,
}

/// What belongs together: what stands in one message to people, what is one incident.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::trigger::GroupBy")]
pub enum NotificationGroup {
    /// Each finding is an incident of its own; messages to people are not split.
    Finding,
    /// All of an asset.
    Asset,
    /// All of a vulnerability.
    Vulnerability,
    /// All of a rule.
    Rule,
}

/// What happens to what came in quiet hours.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::trigger::QuietEnd")]
pub enum QuietHoursEnd {
    /// It is judged again at their end, and sent.
    Release,
    /// It is not sent; who was told of a finding is told of its end all the same.
    Drop,
}

/// Why a channel was told of an event, or not.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::trigger::DecisionReason")]
pub enum DecisionReason {
    /// The receiver took it.
    Delivered,
    /// It is on its way.
    Queued,
    /// It waits for the channel's next digest.
    HeldForDigest,
    /// It waits for the end of the channel's quiet hours.
    HeldInQuietHours,
    /// It came in the channel's quiet hours, which drop.
    DroppedInQuietHours,
    /// It is part of something that the channel is told of as a whole: a first poll, or an incident of many findings.
    Summarized,
    /// The trigger does not ask for such events, or ignores who did it.
    NotEventType,
    /// Less severe than the trigger asks for.
    BelowSeverity,
    /// Not as sure as the trigger asks for.
    NotConfidence,
    /// The asset has none of the trigger's tags.
    NotTag,
    /// The trigger's expression says no.
    NotExpression,
    /// The finding was already decided on when it was opened.
    Triaged,
    /// The channel was switched off.
    ChannelDisabled,
    /// It happened before the channel was made.
    ChannelNewer,
    /// No recipient has confirmed their address.
    Unconfirmed,
    /// The recipients have unsubscribed.
    Unsubscribed,
    /// The mail server refuses the recipients for good.
    Suppressed,
    /// Every attempt failed; it can be sent again by hand.
    Exhausted,
}
