//! The client of Shodan's REST API, one file per group of operations.
//!
//! Here belong the operations by name and the reading of their answers (`read/`). Every operation takes the key as
//! an argument, so one client serves all keys. Never here: waiting for a turn, or choosing what to ask.

mod account;
mod dns;
mod host;
pub mod read;
mod refusal;
mod request;

use reqwest::Client;
use url::Url;

pub use host::MOST_HOSTS;

/// Shodan's REST API. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shodan {
    http: Client,
    base: Url,
}

impl Shodan {
    /// A client that asks through `http` at `base`, normally `https://api.shodan.io`.
    pub fn new(http: Client, base: Url) -> Self {
        Self { http, base }
    }
}
