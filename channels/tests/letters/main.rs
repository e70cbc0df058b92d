//! What is said, as people get it: in mails and in each chat product, at its largest, and from hostile mouths.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../products/mod.rs"]
mod products;

mod banners;
mod chats;
mod fixtures;
mod injection;
mod limits;
mod mails;
mod messenger;
