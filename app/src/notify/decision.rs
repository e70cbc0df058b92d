use domain::ids::{ChannelId, EventId, FindingId};
use domain::trigger::DecisionReason;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::delivery::{DeliveryId, DeliveryState};

/// Whether a channel is told of an event, and why not: judged once, by the trigger as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The event.
    pub event: EventId,
    /// The channel.
    pub channel: ChannelId,
    /// The event's finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingId>,
    /// When it was judged.
    pub at: Timestamp,
    /// Why; [`DecisionReason::Queued`] where there is a delivery, whose state tells the rest.
    pub reason: DecisionReason,
    /// The delivery that tells the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryId>,
    /// What the reason alone does not say, such as an expression that could not be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Decision {
    /// The reason as it stands now that the delivery is in this state.
    pub const fn reason_now(&self, delivery: Option<DeliveryState>) -> DecisionReason {
        match delivery {
            Some(DeliveryState::Delivered) => DecisionReason::Delivered,
            Some(DeliveryState::Exhausted) => DecisionReason::Exhausted,
            Some(DeliveryState::Cancelled) => DecisionReason::ChannelDisabled,
            // It was on its way when quiet hours began.
            Some(DeliveryState::Held) if matches!(self.reason, DecisionReason::Queued) => {
                DecisionReason::HeldInQuietHours
            }
            Some(DeliveryState::Retrying) => DecisionReason::Queued,
            Some(DeliveryState::Pending | DeliveryState::Held) | None => self.reason,
        }
    }
}

/// A reason in words.
pub const fn explain(reason: DecisionReason) -> &'static str {
    match reason {
        DecisionReason::Delivered => "The receiver took it.",
        DecisionReason::Queued => "It is on its way.",
        DecisionReason::HeldForDigest => "It waits for the channel's next digest.",
        DecisionReason::HeldInQuietHours => "It waits for the end of the channel's quiet hours.",
        DecisionReason::DroppedInQuietHours => "It came in the channel's quiet hours, which drop.",
        DecisionReason::Summarized => "It is part of something that the channel is told of as a whole.",
        DecisionReason::NotEventType => "The channel's trigger does not ask for such events.",
        DecisionReason::BelowSeverity => "It is less severe than the channel's trigger asks for.",
        DecisionReason::NotConfidence => "It is not as sure as the channel's trigger asks for.",
        DecisionReason::NotTag => "The asset has none of the tags that the channel's trigger asks for.",
        DecisionReason::NotExpression => "The expression of the channel's trigger says no.",
        DecisionReason::Triaged => "The finding was already decided on when it was opened.",
        DecisionReason::ChannelDisabled => "The channel was switched off.",
        DecisionReason::ChannelNewer => "It happened before the channel was made.",
        DecisionReason::Unconfirmed => "No recipient of the channel has confirmed their address.",
        DecisionReason::Unsubscribed => "The channel's recipients have unsubscribed.",
        DecisionReason::Suppressed => "The mail server refuses the channel's recipients for good.",
        DecisionReason::Exhausted => "Every attempt failed; it can be sent again by hand.",
    }
}
