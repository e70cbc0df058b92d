//! What is said: one file for each letter, which turns facts into a [`Page`]; mail and chat products show pages, each
//! in its own way.
//!
//! Here belong words, their order, and the cleaning of what strangers wrote: a text in a page is one line, without
//! anything that steers a reader's program, and what a device says is no link. Never here: markup.

mod account;
mod channel;
mod confirm;
mod digest;
mod finding;
mod flood;
mod group;
mod page;
mod release;
mod reminder;
mod source;
mod summary;
mod trial;
mod words;

use app::ports::Letter;

pub(crate) use page::{Block, EventRow, Page, link};
pub(crate) use words::{happened, line, what_and_where};

/// The page of a letter.
pub(crate) fn page(letter: &Letter) -> Page {
    match letter {
        Letter::Finding(letter) => finding::page(letter),
        Letter::Findings(letter) => group::page(letter),
        Letter::FirstPoll(letter) => summary::page(letter),
        Letter::Digest(letter) => digest::page(letter),
        Letter::Flood(letter) => flood::page(letter),
        Letter::Release(letter) => release::page(letter),
        Letter::Reminder(letter) => reminder::page(letter),
        Letter::Source(letter) => source::page(letter),
        Letter::Test(letter) => trial::page(letter),
        Letter::Confirm(letter) => confirm::page(letter),
        Letter::ChannelFailing(letter) => channel::page(letter),
        Letter::Account(letter) => account::page(letter),
    }
}
