//! A client of everything that Shodan offers to programs: look-ups, searches, scans, Monitor's alerts, DNS, streams,
//! trends and exploits.
//!
//! ```no_run
//! use std::net::IpAddr;
//!
//! use shodan_client::{Cost, HostOptions, Key, Shodan};
//!
//! # async fn example(http: reqwest::Client) -> Result<(), shodan_client::Error> {
//! let shodan = Shodan::new(http, Key::new("the key of your account"));
//!
//! // Look-ups of addresses are free.
//! let camera: IpAddr = [192, 0, 2, 10].into();
//! if let Some(host) = shodan.host(camera, HostOptions::default()).await? {
//!     println!("{} shows ports {:?}, tagged {:?}", host.ip, host.ports, host.tags);
//! }
//!
//! // Searches are not: ask what one costs, and whether there is enough left, before it is made.
//! let query = r#"org:"Acme Utilities" port:502"#;
//! let found = shodan.count(query, &["product:5".into()]).await?;
//! let pages = u32::try_from(found.total.div_ceil(100)).unwrap_or(u32::MAX);
//! Cost::pages_of_search(query, 1, pages).covered_by(&shodan.api_info().await?)?;
//!
//! let mut all = shodan.search_all(query).up_to_page(pages);
//! while let Some(page) = all.next().await? {
//!     for banner in page.banners {
//!         println!("{}:{} {}", banner.ip, banner.port, banner.data.lines().next().unwrap_or_default());
//!     }
//!     for refused in page.refused {
//!         eprintln!("a banner on port {:?} could not be read: {}", refused.port, refused.reason);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What it is made for is what Shodan really sends:
//!
//! - **Types drift.** Numbers come as strings, lists as single texts, text holds half characters for which a strict
//!   parser refuses a whole page. Reading is lenient ([`lenient`]): a member that makes no sense is left out, a banner
//!   that does not say what, where and when is refused with a [`banner::Reason`], and none is dropped in silence.
//! - **Credits run out.** [`Cost`] tells what a call takes before it is made, [`Cost::covered_by`] whether the account
//!   has it.
//! - **One request a second.** A [`Pace`] gives turns, [`Retry`] asks again after a 429 (whose `Retry-After: 0` is never
//!   taken at its word), a 5xx, or an answer that is cut off; what must not happen twice is not asked twice.
//! - **Pages are not steady.** [`Cursor`] drops what it gave before, begins again where Shodan lost the place, and can
//!   be taken up at any page.
//! - **The key is part of every address.** It is in no error, no `Debug` and no log of this crate.
//!
//! The HTTP client is passed in, with whatever TLS and proxies it needs. It should follow no redirects.

mod answer;
pub mod banner;
mod call;
mod client;
mod cost;
mod cursor;
mod error;
pub mod exchange;
pub mod exploits;
mod facet;
mod host;
mod key;
pub mod lenient;
mod pace;
pub mod query;
mod refusal;
pub mod rest;
mod retry;
mod search;
pub mod stream;
mod trends;

pub use answer::{object as answer_object, said_error};
pub use banner::Banner;
pub use client::{Endpoints, Shodan};
pub use cost::{Cost, Credit, Plan, Shortfall, addresses};
pub use cursor::{Cursor, NewBanners};
pub use error::Error;
pub use facet::{Facet, FacetValue, Facets};
pub use host::{Host, HostOptions, MOST_HOSTS};
pub use key::Key;
pub use pace::{Pace, Pause};
pub use retry::Retry;
pub use search::{Count, PAGE, SearchPage, Tokens};
pub use trends::{MonthlyValues, Trend};
