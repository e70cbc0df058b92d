//! The letters: one file for each, which turns facts into a [`Page`](page::Page); one pair of templates shows pages.

mod account;
mod channel;
mod confirm;
mod digest;
mod finding;
mod flood;
mod group;
mod headers;
mod page;
mod release;
mod source;
mod summary;
mod trial;
mod words;

use app::ports::{Composed, Letter, Letters};

use page::Page;

/// Writes every letter in the house's style.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stationery;

impl Letters for Stationery {
    fn compose(&self, letter: &Letter) -> Composed {
        page(letter).render(headers::headers(letter))
    }
}

fn page(letter: &Letter) -> Page {
    match letter {
        Letter::Finding(letter) => finding::page(letter),
        Letter::Findings(letter) => group::page(letter),
        Letter::FirstPoll(letter) => summary::page(letter),
        Letter::Digest(letter) => digest::page(letter),
        Letter::Flood(letter) => flood::page(letter),
        Letter::Release(letter) => release::page(letter),
        Letter::Source(letter) => source::page(letter),
        Letter::Test(letter) => trial::page(letter),
        Letter::Confirm(letter) => confirm::page(letter),
        Letter::ChannelFailing(letter) => channel::page(letter),
        Letter::Invitation(letter) => account::invitation(letter),
        Letter::Verify(letter) => account::verify(letter),
        Letter::Reset(letter) => account::reset(letter),
    }
}
