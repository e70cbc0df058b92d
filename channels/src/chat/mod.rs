//! Messages to where people talk, or are woken.
//!
//! Here belong, one file each, what a product takes and what it answers. Never here: who is told what and when.

mod messenger;

pub use messenger::Messenger;
