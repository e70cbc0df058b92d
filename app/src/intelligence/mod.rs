//! What is known of vulnerabilities beyond what banners claim: kept, refreshed, and acted on when it changes.
//!
//! Here belongs when which publisher is asked, the last good copy of what each said with its age, which assets a CVE
//! concerns, and that a change judges these assets anew although Shodan said nothing. Never here: what a fact means for
//! a finding (`domain::intelligence`), or in what form a publisher writes it (the port [`crate::ports::Intelligence`]).

mod book;
mod epss;
mod facts;
mod feed;
mod kev;
mod learn;
mod noted;
mod read;
mod refresh;
mod store;
mod tell;
mod watch;

pub use book::{Book, Books};
pub use feed::Feed;
pub(crate) use learn::Inquiry;
pub use noted::Details;
pub use read::{details, feeds};
pub(crate) use refresh::refresh;
pub(crate) use tell::tell;
pub(crate) use watch::{Watched, remind, watch};
