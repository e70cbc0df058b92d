//! Messages to where people talk, or are woken.
//!
//! Here belongs, one file each, what a product takes at most, how it marks text up, and what it answers. What is said
//! comes from [`crate::letters`], the way out is [`crate::egress`]. Foreign text goes into fields that a product shows
//! as they are, wherever it has such fields. Never here: who is told what and when, a second attempt.

mod discord;
mod messenger;
mod pagerduty;
mod plain;
mod reading;
mod slack;
mod teams;

pub use messenger::Messenger;
