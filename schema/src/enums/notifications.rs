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
pub enum WebhookSignature {
    /// Standard Webhooks v1: HMAC-SHA256 with a shared secret.
    #[graphql(name = "HMAC_SHA256")]
    HmacSha256,
    /// Standard Webhooks v1a: Ed25519.
    #[graphql(name = "ED25519")]
    Ed25519,
}

/// IMMEDIATE groups what arrives within 30 s; digests go out in the channel's time zone.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliverySchedule {
    /// At once; for people what arrives within 30 s together.
    Immediate,
    /// Once an hour.
    Hourly,
    /// Once a day.
    Daily,
    /// Once a week.
    Weekly,
}
