//! From Shodan's JSON to `domain::observation`, banner by banner: one that cannot be read loses only itself.
//!
//! Here belong Shodan's field names and every odd type that was ever seen in them. Nothing is built that is not
//! kept: pages of HTML, chains of certificates and screenshots are passed over unread.

mod banner;
mod blocks;
mod facts;
mod gather;
mod host;
mod keep;
mod search;
mod tls;
mod vulnerabilities;
mod whole;

use shodan_client::Error;

pub(crate) use facts::location_of as location;
pub use host::read_hosts;
pub use search::read_search_page;
pub(crate) use whole::whole;

fn unreadable() -> Error {
    Error::Unavailable("its answer is cut off or no JSON".into())
}
