//! Who is told of an event, and that they really are: channels, routing, deliveries, retries.
//!
//! The way of an event: its outbox row → [`route()`] (one decision per channel, first attempts side by side) →
//! retries by the queue → a final state. At every step what is stored comes before what depends on it, so that
//! [`sweep::sweep`] finds whatever a crash left. Never here: how a request is signed or a mail is worded
//! (`channels`), what an event says ([`domain::payload`]).

mod ahead;
mod amend;
mod backfill;
mod bounces;
mod bundle;
mod changes;
mod channel;
mod chat;
mod checks;
mod compose;
mod confirm;
mod decision;
mod deliver;
mod delivery;
mod endpoints;
mod expression;
mod handle;
mod headers;
mod health;
mod incident;
mod judge;
mod known;
mod letter;
mod mail;
pub mod message;
mod once;
mod outcome;
mod owners;
mod plan;
mod poison;
mod purge;
mod read;
mod readers;
mod recipient;
mod redeliver;
mod register;
mod registry;
mod remind;
mod replay;
mod route;
mod schedule;
mod secret;
mod shelf;
pub mod sweep;
mod test_channel;
mod way;
mod webhook;
mod window;

#[cfg(test)]
mod tests;

pub use amend::{ChannelChange, delete, rotate_secret, update};
pub use channel::{Backfill, Channel, ChannelKind, ChannelStatus, Notice, PreviousSecret, Signature};
pub use confirm::{Subscription, confirm_recipient, confirmation, resend_confirmation, subscription, unsubscribe};
pub use decision::{Decision, explain};
pub use deliver::{Attempted, attempt};
pub use delivery::{AttemptRecord, Delivery, DeliveryForm, DeliveryId, DeliveryState, Lease, Sent};
pub use endpoints::Endpoints;
pub use handle::{Handled, drain, drain_while, handle_message};
pub(crate) use purge::purge;
pub use read::{
    DeliveryFilter, DeliveryPage, Told, channel, channels, decisions, decisions_of_event, deliveries, delivery,
};
pub use recipient::Recipient;
pub use redeliver::redeliver;
pub use register::{
    MOST_CHANNELS, MOST_RECIPIENTS, NewChat, NewEmail, NewWebhook, create_chat, create_email, create_webhook,
    usual_for_people,
};
pub use replay::{NewReplay, replay};
pub use route::{Routed, route};
pub use schedule::WAITS;
pub use secret::public_key;
pub use sweep::Swept;
pub use test_channel::{Sample, test_channel};
