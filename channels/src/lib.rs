//! Where notifications go: signed webhooks, chat products and e-mail.
//!
//! Here belongs how one message leaves the house: where it may go, how it is signed, what is said in it, what the
//! other side answered. Never here: who is told what and when, retries, grouping, storage; that is the use cases'.

pub mod chat;
pub mod egress;
pub mod email;
pub mod webhook;

mod excerpt;
mod letters;
