//! E-mail: what is written ([`Stationery`]) and how it leaves ([`SmtpMailer`], [`NoMailer`]).
//!
//! Here belong the looks of a page, the shape of a message and its headers, and one hand-over to a mail server. What
//! strangers wrote is cleaned where it enters a page ([`crate::letters`]) or a header, and escaped by the template.
//! Never here: the words of a letter, who gets it, a second attempt.

mod headers;
mod message;
mod none;
mod refusal;
mod smtp;
mod stationery;

pub use none::NoMailer;
pub use smtp::{SmtpMailer, SmtpSetupError};
pub use stationery::Stationery;
