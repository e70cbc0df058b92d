use domain::email::EmailAddress;
use jiff::Timestamp;

use super::delivery::{AttemptRecord, Delivery, DeliveryState, Sent};
use crate::ports::{Attempt, AttemptError, Directive};

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
    /// What was written, of a message to people.
    pub body: Option<String>,
    /// The receiver asks for nothing more, in these words: the channel is switched off.
    pub disable: Option<String>,
    /// The receiver is there, whatever it said of this message.
    pub answers: bool,
}

impl Outcome {
    /// Nothing was tried.
    pub(super) fn cancelled(why: &str) -> Self {
        Self { body: None, ..Self::of(Ending::Cancelled(why.into()), Vec::new()) }
    }

    /// An ending with its records.
    pub(super) fn of(result: Ending, records: Vec<AttemptRecord>) -> Self {
        Self { result, records, recipients: Vec::new(), body: None, disable: None, answers: true }
    }

    /// One request, as the receiver answered it.
    pub(super) fn of_request(attempt: Attempt, number: u32, at: Timestamp) -> Self {
        let disable = (attempt.directive == Some(Directive::Disable)).then(|| match attempt.status {
            Some(410) => "The receiver answered 410 Gone.".to_owned(),
            Some(status) => format!("The receiver asked for nothing more (answer {status})."),
            None => "The receiver asked for nothing more.".to_owned(),
        });
        let result = match (attempt.error, attempt.directive) {
            (None, _) => Ending::Delivered,
            (Some(_), Some(Directive::Disable)) => {
                let why = disable.clone().unwrap_or_default();
                Ending::Refused(format!("{why} The channel was switched off."))
            }
            (Some(_), Some(Directive::AbortMessage)) => {
                Ending::Refused("The receiver says that it will never take this message.".into())
            }
            (Some(_), None) => Ending::Failed { retry_after: attempt.retry_after },
        };
        // Too slow, too busy or not there at all; a refusal of one message says nothing about the next.
        let answers = attempt.error.is_none() || attempt.status.is_some_and(|s| s < 500 && s != 429 && s != 408);
        let record = AttemptRecord {
            number,
            at,
            duration_ms: attempt.duration_ms,
            status: attempt.status,
            error: attempt.error,
            excerpt: attempt.excerpt,
            recipient: None,
        };
        Self { disable, answers, ..Self::of(result, vec![record]) }
    }

    /// The request could not be made: what it needs does not open. The key may come back, so it is tried again.
    pub(super) fn unopened(what: &str, number: u32, at: Timestamp) -> Self {
        let record = AttemptRecord {
            number,
            at,
            duration_ms: 0,
            status: None,
            error: Some(AttemptError::Connect),
            excerpt: Some(format!("The request could not be made: {what} does not open.")),
            recipient: None,
        };
        Self::of(Ending::Failed { retry_after: None }, vec![record])
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
                (delivery.turn, delivery.put_off) = (None, 0);
            }
            (Ending::Failed { .. }, None) => {
                delivery.finish(DeliveryState::Exhausted, Some("Every attempt failed.".into()), now);
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
