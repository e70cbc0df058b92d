//! Where facts come from: Shodan and InternetDB, what is known of vulnerabilities and exploits, and a simulator of it all.
//!
//! Here belongs what knows other people's formats, addresses and limits: the clients, the lenient reading of
//! their answers into `domain::observation`, the governor that keeps to one request a second per key.
//! Never here: what a fact means. A source does not know what a finding is, whom a key belongs to, or when to ask.

pub mod exploits;
mod exposure;
mod fetch;
pub mod governor;
pub mod intelligence;
pub mod internetdb;
pub mod shodan;
pub mod simulator;

pub use exploits::{ExploitSettings, ExploitSources, ListPlace};
pub use exposure::{SourceSettings, Sources};
pub use governor::Governor;
pub use intelligence::{IntelligenceSettings, IntelligenceSources};
pub use shodan::read::{read_hosts, read_search_page};
