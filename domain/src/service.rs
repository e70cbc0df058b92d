//! A service that was seen at an address of an asset, over time.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::ServiceId;
use crate::observation::{Banner, DataSource, Transport};

/// Is it still there, as far as the source says?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServiceState {
    /// It was there at the last look.
    Open,
    /// Fresh answers about its host left it out often enough.
    Closed,
}

impl ServiceState {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Closed => "CLOSED",
        }
    }
}

/// A service as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Its id: asset, address, port and transport.
    pub id: ServiceId,
    /// Open or closed.
    pub state: ServiceState,
    /// No observation for too long.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    /// The richest source of what stands here.
    pub source: DataSource,
    /// When it was first seen.
    pub first_observed_at: Timestamp,
    /// When the source saw it after it had not been there although its host was looked at: it is new since then
    /// (`crate::appear`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appeared_at: Option<Timestamp>,
    /// When the source last saw it.
    pub last_observed_at: Timestamp,
    /// `false`: the source has no dates, this is when we first got this content.
    pub observed_at_exact: bool,
    /// When we got what stands here.
    pub polled_at: Timestamp,
    /// When it was found closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// How many crawls of its host left it out since it was last seen.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub misses: u32,
    /// The crawl (its date) that was last counted as a miss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_crawl: Option<Timestamp>,
    /// What was seen; `None`: only the port is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banner: Option<Banner>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Service {
    /// Its address.
    pub fn ip(&self) -> IpAddr {
        self.id.ip
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.id.port
    }

    /// Its transport.
    pub fn transport(&self) -> Transport {
        self.id.transport
    }
}
