//! Who is told of an event, and that they really are: channels, routing, deliveries, retries.
//!
//! The way of an event: its outbox row → [`route()`] (one decision per channel, first attempts side by side) →
//! retries by the queue → a final state. At every step what is stored comes before what depends on it, so that
//! [`sweep::sweep`] finds whatever a crash left. Never here: how a request is signed or a mail is worded
//! (`channels`), what an event says ([`domain::payload`]).

mod amend;
mod channel;
mod confirm;
mod decision;
mod deliver;
mod delivery;
mod expression;
mod handle;
mod headers;
mod health;
mod judge;
mod known;
mod letter;
mod mail;
pub mod message;
mod outcome;
mod plan;
mod poison;
mod purge;
mod read;
mod redeliver;
mod register;
mod registry;
mod route;
mod schedule;
mod secret;
mod shelf;
pub mod sweep;
mod test_channel;
mod webhook;
mod window;

#[cfg(test)]
mod tests;

pub use amend::{ChannelChange, delete, rotate_secret, update};
pub use channel::{Channel, ChannelKind, ChannelStatus, PreviousSecret, Recipient};
pub use confirm::{Subscription, confirm_recipient, confirmation, resend_confirmation, subscription, unsubscribe};
pub use decision::{Decision, explain};
pub use deliver::{Attempted, attempt};
pub use delivery::{AttemptRecord, Delivery, DeliveryForm, DeliveryId, DeliveryState, Lease, Sent};
pub use handle::{Handled, drain, handle_message};
pub(crate) use purge::purge;
pub use read::{
    DeliveryFilter, DeliveryPage, Told, channel, channels, decisions, decisions_of_event, deliveries, delivery,
};
pub use redeliver::{redeliver, redeliver_once};
pub use register::{
    MOST_CHANNELS, MOST_RECIPIENTS, NewEmail, NewWebhook, create_email, create_email_once, create_webhook,
    create_webhook_once,
};
pub use route::{Routed, route};
pub use schedule::WAITS;
pub use sweep::Swept;
pub use test_channel::test_channel;
