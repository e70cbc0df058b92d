//! Notifications from event to receiver, on doubles of the ports.
mod audited;
mod channels;
mod crashes;
mod mails;
mod poisoned;
mod races;
mod retries;
mod routing;
mod stage;
