//! Where facts come from: Shodan and InternetDB, and a simulator of both.
//!
//! Here belongs what knows other people's formats, addresses and limits: the clients, the lenient reading of
//! their answers into `domain::observation`, the governor that keeps to one request a second per key.
//! Never here: what a fact means. A source does not know what a finding is, whom a key belongs to, or when to ask.

mod exposure;
mod fetch;
pub mod governor;
pub mod internetdb;
pub mod shodan;
pub mod simulator;

pub use exposure::{SourceSettings, Sources};
pub use governor::Governor;
pub use shodan::read::{read_hosts, read_search_page};
