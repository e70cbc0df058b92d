//! What somebody registered to be watched.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::email::EmailAddress;
use crate::ids::AssetId;
use crate::target::{AssetKind, Target};

/// How much depends on an asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Criticality {
    /// Little.
    Low,
    /// The usual.
    #[default]
    Medium,
    /// Much.
    High,
    /// Safety, or the whole operation.
    Critical,
}

impl Criticality {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

/// What is known of the device itself, as people wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeviceProfile {
    /// Vendor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Firmware version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// Site where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// MAC address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac_address: Option<String>,
    /// Kind of device: camera, PLC, router …
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub device_type: Option<String>,
}

/// An asset as it is stored. How its monitoring goes stands apart, in its poll group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asset {
    /// Its id.
    pub id: AssetId,
    /// What people call it, ≤ 200 characters.
    pub name: String,
    /// What is watched.
    pub target: Target,
    /// The device's profile.
    #[serde(default)]
    pub device: DeviceProfile,
    /// Labels, ≤ 50 of ≤ 100 characters, sorted.
    #[serde(default)]
    pub tags: Vec<String>,
    /// How much depends on it.
    pub criticality: Criticality,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How to reach them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_email: Option<EmailAddress>,
    /// Its id in somebody else's register; unique in the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Free text, ≤ 10 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Services that are meant to be there, such as `443/tcp`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_services: Vec<String>,
    /// Seconds between polls; `None`: as the organization says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_interval: Option<u32>,
    /// `false`: polling is paused.
    pub enabled: bool,
    /// The poll group it belongs to, within its bucket.
    pub group: u32,
    /// Addresses that a DOMAIN resolved to at its last poll: they belong to it unless a DEVICE has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<std::net::IpAddr>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When a person last changed it.
    pub updated_at: Timestamp,
    /// When it was retired: no longer polled, still readable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_reason: Option<String>,
}

impl Asset {
    /// Its kind, which follows from the target.
    pub fn kind(&self) -> AssetKind {
        self.target.kind()
    }

    /// Does a finding's identity name the address? Only where the asset may have several.
    pub fn has_many_addresses(&self) -> bool {
        self.kind() != AssetKind::Device
    }
}

/// How the monitoring of an asset goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MonitoringState {
    /// Not polled yet.
    Waiting,
    /// The last poll brought an answer.
    Ok,
    /// The source knows nothing of it.
    UnknownToSource,
    /// Nothing was seen for too long.
    Stale,
    /// The last poll failed.
    Failing,
    /// Paused or retired.
    Paused,
}

impl MonitoringState {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Ok => "OK",
            Self::UnknownToSource => "UNKNOWN_TO_SOURCE",
            Self::Stale => "STALE",
            Self::Failing => "FAILING",
            Self::Paused => "PAUSED",
        }
    }
}
