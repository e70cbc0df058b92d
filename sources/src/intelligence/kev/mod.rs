//! CISA's catalogue of known exploited vulnerabilities: the feed, and a copy of it that is built in.

mod feed;
mod snapshot;

pub(super) use feed::refreshed;
pub(crate) use snapshot::built_in;
