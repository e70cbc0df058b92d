use domain::email::EmailAddress;
use jiff::Timestamp;

use super::delivery::{AttemptRecord, Delivery, DeliveryState, Sent};

/// What an attempt as a whole brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The receiver took it.
    Delivered,
    /// Later may work.
    Failed {
        /// The receiver asks to wait so many seconds.
        retry_after: Option<u32>,
    },
    /// The receiver says that it is gone for good: the channel is switched off.
    Gone,
    /// It will never work.
    Refused(String),
    /// It is not to be sent any more.
    Cancelled(String),
}

/// What an attempt brought, and what is to be shown of it.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub result: Ending,
    pub records: Vec<AttemptRecord>,
    /// Recipients that need no further attempt.
    pub recipients: Vec<(EmailAddress, Sent)>,
    /// What was written, of a mail.
    pub body: Option<String>,
}

impl Outcome {
    /// Nothing was tried.
    pub(super) fn cancelled(why: &str) -> Self {
        Self { result: Ending::Cancelled(why.into()), records: Vec::new(), recipients: Vec::new(), body: None }
    }

    /// Takes it into the delivery. `next`: when the next attempt follows, if one does.
    pub(super) fn apply(&self, delivery: &mut Delivery, next: Option<Timestamp>, now: Timestamp) {
        delivery.attempts.extend(self.records.iter().cloned());
        delivery.recipients.extend(self.recipients.iter().cloned());
        if let Some(body) = &self.body {
            delivery.body.clone_from(body);
        }
        match (&self.result, next) {
            (Ending::Delivered, _) => delivery.finish(DeliveryState::Delivered, None, now),
            (Ending::Failed { .. }, Some(at)) => {
                delivery.state = DeliveryState::Retrying;
                delivery.next_attempt_at = Some(at);
                delivery.lease = None;
            }
            (Ending::Failed { .. }, None) => {
                delivery.finish(DeliveryState::Exhausted, Some("Every attempt failed.".into()), now);
            }
            (Ending::Gone, _) => {
                let why = "The receiver says that it is gone (410), so the channel was switched off.";
                delivery.finish(DeliveryState::Exhausted, Some(why.into()), now);
            }
            (Ending::Refused(why), _) => delivery.finish(DeliveryState::Exhausted, Some(why.clone()), now),
            (Ending::Cancelled(why), _) => delivery.finish(DeliveryState::Cancelled, Some(why.clone()), now),
        }
        if delivery.state == DeliveryState::Exhausted {
            // Alerts look for these words: infra/modules/alerts.bicep.
            tracing::warn!(delivery = %delivery.id, "a delivery is exhausted");
        }
    }
}
