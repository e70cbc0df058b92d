//! The letters: one file for each, which turns facts into a [`Page`](page::Page); one pair of templates shows pages.

mod account;
mod channel;
mod confirm;
mod finding;
mod group;
mod page;
mod summary;
mod trial;
mod words;

use app::ports::{Composed, Letter, Letters};

/// Writes every letter in the house's style.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stationery;

impl Letters for Stationery {
    fn compose(&self, letter: &Letter) -> Composed {
        let page = match letter {
            Letter::Finding(letter) => finding::page(letter),
            Letter::Findings(letter) => group::page(letter),
            Letter::FirstPoll(letter) => summary::page(letter),
            Letter::Test(letter) => trial::page(letter),
            Letter::Confirm(letter) => confirm::page(letter),
            Letter::ChannelFailing(letter) => channel::page(letter),
            Letter::Account(letter) => account::page(letter),
        };
        page.render()
    }
}
