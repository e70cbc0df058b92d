//! Notifications from event to receiver, on doubles of the ports.
mod channels;
mod crashes;
mod mails;
mod poisoned;
mod races;
mod retries;
mod routing;
mod stage;
