//! E-mail: what is written ([`Stationery`]) and how it leaves ([`SmtpMailer`], [`NoMailer`]).
//!
//! Here belong the words and looks of each letter, the shape of a message, and one hand-over to a mail server. Titles,
//! banners and names come from strangers: they are cleaned where they enter a page or a header, and escaped by the
//! template. Never here: who gets which letter, a second attempt.

mod letters;
mod message;
mod none;
mod refusal;
mod smtp;

pub use letters::Stationery;
pub use none::NoMailer;
pub use smtp::{SmtpMailer, SmtpSetupError};
