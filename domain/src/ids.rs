//! Ids as people and rows see them. Each carries what finds its row: the bucket, the asset, the rest of the key.
//!
//! An id is text with a prefix that tells its type, so that `node(id)` is one point read. Ids are made once and
//! never change: a finding that moves to another owner keeps the id with the asset that it was born under.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::observation::Transport;

/// An id that cannot be one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct BadId;

/// A bucket of an organization: its partition in `exposure`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bucket(pub u8);

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

fn bucket(text: &str) -> Result<Bucket, BadId> {
    text.get(..2).filter(|t| is_hex(t)).and_then(|t| u8::from_str_radix(t, 16).ok()).map(Bucket).ok_or(BadId)
}

fn is_ulid(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|b| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"ILOU".contains(&b)))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

macro_rules! text_serde {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

/// An asset: `asset_{bucket:2}{ulid}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AssetId {
    /// Where its services and findings lie.
    pub bucket: Bucket,
    /// 26 characters, ascending with time.
    pub ulid: String,
}

impl fmt::Display for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "asset_{}{}", self.bucket, self.ulid)
    }
}

impl FromStr for AssetId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let rest = text.strip_prefix("asset_").ok_or(BadId)?;
        let bucket = bucket(rest)?;
        let ulid = rest.get(2..).filter(|u| is_ulid(u)).ok_or(BadId)?.to_owned();
        Ok(Self { bucket, ulid })
    }
}
text_serde!(AssetId);

/// A finding: `finding_{bucket:2}{ulid of the asset it was born under}{fingerprint:16}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FindingId {
    /// Where its row lies.
    pub bucket: Bucket,
    /// The asset it was born under.
    pub birth: String,
    /// 16 hexadecimal characters of the identity's hash.
    pub fingerprint: String,
}

impl FindingId {
    /// The key of its row in `exposure`.
    pub fn row(&self) -> String {
        format!("f|{}|{}", self.birth, self.fingerprint)
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "finding_{}{}{}", self.bucket, self.birth, self.fingerprint)
    }
}

impl FromStr for FindingId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let rest = text.strip_prefix("finding_").ok_or(BadId)?;
        let bucket = bucket(rest)?;
        let birth = rest.get(2..28).filter(|u| is_ulid(u)).ok_or(BadId)?.to_owned();
        let fingerprint = rest.get(28..).filter(|t| t.len() == 16 && is_hex(t)).ok_or(BadId)?.to_owned();
        Ok(Self { bucket, birth, fingerprint })
    }
}
text_serde!(FindingId);

/// A service: `service_{bucket:2}{ulid of its asset}{address in hex}-{port}{t|u}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceId {
    /// The asset that owns it.
    pub asset: AssetId,
    /// Its address.
    pub ip: IpAddr,
    /// Its port.
    pub port: u16,
    /// Its transport.
    pub transport: Transport,
}

impl ServiceId {
    /// The key of its row in `exposure`.
    pub fn row(&self) -> String {
        format!("s|{}|{}|{}-{}", self.asset.ulid, self.ip, self.port, letter(self.transport))
    }
}

const fn letter(transport: Transport) -> char {
    match transport {
        Transport::Tcp => 't',
        Transport::Udp => 'u',
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "service_{}{}", self.asset.bucket, self.asset.ulid)?;
        match self.ip {
            IpAddr::V4(ip) => write!(f, "{:08x}", u32::from(ip))?,
            IpAddr::V6(ip) => write!(f, "{:032x}", u128::from(ip))?,
        }
        write!(f, "-{}{}", self.port, letter(self.transport))
    }
}

impl FromStr for ServiceId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let rest = text.strip_prefix("service_").ok_or(BadId)?;
        let bucket = bucket(rest)?;
        let ulid = rest.get(2..28).filter(|u| is_ulid(u)).ok_or(BadId)?.to_owned();
        let (address, end) = rest.get(28..).and_then(|t| t.split_once('-')).ok_or(BadId)?;
        let ip = match address.len() {
            _ if !is_hex(address) => return Err(BadId),
            8 => IpAddr::V4(u32::from_str_radix(address, 16).map_err(|_| BadId)?.into()),
            32 => IpAddr::V6(u128::from_str_radix(address, 16).map_err(|_| BadId)?.into()),
            _ => return Err(BadId),
        };
        let (port, transport) = match (end.strip_suffix('t'), end.strip_suffix('u')) {
            (Some(port), _) => (port, Transport::Tcp),
            (_, Some(port)) => (port, Transport::Udp),
            _ => return Err(BadId),
        };
        let port: u16 = port.parse().map_err(|_| BadId)?;
        let id = Self { asset: AssetId { bucket, ulid }, ip, port, transport };
        if id.to_string() == text { Ok(id) } else { Err(BadId) }
    }
}
text_serde!(ServiceId);

/// An event: `event_{bucket:2}{number:013}`. Ascending within its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId {
    /// Where its row lies.
    pub bucket: Bucket,
    /// Its number in the bucket, from 1.
    pub number: u64,
}

impl EventId {
    /// The key of its row in `exposure`.
    pub fn row(&self) -> String {
        format!("e|{:013}", self.number)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event_{}{:013}", self.bucket, self.number)
    }
}

impl FromStr for EventId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let rest = text.strip_prefix("event_").ok_or(BadId)?;
        let bucket = bucket(rest)?;
        let number = rest.get(2..).filter(|n| n.len() == 13 && n.bytes().all(|b| b.is_ascii_digit())).ok_or(BadId)?;
        Ok(Self { bucket, number: number.parse().map_err(|_| BadId)? })
    }
}
text_serde!(EventId);

/// Things that are found by their ulid alone: `{prefix}_{ulid}`.
macro_rules! plain_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Makes the id of a ulid, which must be 26 characters of Crockford's base 32.
            pub fn from_ulid(ulid: &str) -> Result<Self, BadId> {
                if is_ulid(ulid) { Ok(Self(format!(concat!($prefix, "_{}"), ulid))) } else { Err(BadId) }
            }

            /// The whole id.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// What stands behind the prefix: 26 characters.
            pub fn ulid(&self) -> &str {
                &self.0[$prefix.len() + 1..]
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                Self::from_ulid(text.strip_prefix(concat!($prefix, "_")).ok_or(BadId)?)
            }
        }
        text_serde!($name);
    };
}

plain_id!(
    /// An organization.
    OrgId, "org"
);
plain_id!(
    /// A person.
    UserId, "user"
);
plain_id!(
    /// A session of a person.
    SessionId, "session"
);
plain_id!(
    /// An API token.
    TokenId, "token"
);
plain_id!(
    /// A notification channel.
    ChannelId, "channel"
);
plain_id!(
    /// An invitation into an organization.
    InvitationId, "invitation"
);
plain_id!(
    /// A scan that somebody asked for.
    ScanId, "scan"
);
plain_id!(
    /// An entry of the audit log.
    AuditId, "audit"
);

#[cfg(test)]
mod tests {
    use super::*;

    const ULID: &str = "01J8ZQ4W3E9V6T5R2P1N0M8K7H";

    #[test]
    fn every_id_reads_back_as_itself() {
        let asset = AssetId { bucket: Bucket(1), ulid: ULID.into() };
        assert_eq!(asset.to_string().parse(), Ok(asset.clone()));
        let finding = FindingId { bucket: Bucket(255), birth: ULID.into(), fingerprint: "0123456789abcdef".into() };
        assert_eq!(finding.to_string().parse(), Ok(finding));
        for ip in ["203.0.113.7", "2001:db8::1"] {
            let id = ServiceId { asset: asset.clone(), ip: ip.parse().unwrap(), port: 502, transport: Transport::Udp };
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        let event = EventId { bucket: Bucket(0), number: 42 };
        assert_eq!(event.to_string().parse(), Ok(event));
        assert!(OrgId::from_ulid(ULID).unwrap().as_str().parse::<OrgId>().is_ok());
    }

    #[test]
    fn nothing_else_is_an_id() {
        for bad in [
            "",
            "asset_",
            "asset_01",
            "asset_0101J8ZQ4W3E9V6T5R2P1N0M8K7",
            "asset_+101J8ZQ4W3E9V6T5R2P1N0M8K7H",
            "asset_0101J8ZQ4W3E9V6T5R2P1N0M8K7|",
            "Asset_0101J8ZQ4W3E9V6T5R2P1N0M8K7H",
            "asset_é",
        ] {
            assert!(bad.parse::<AssetId>().is_err(), "{bad}");
        }
        assert!(format!("service_00{ULID}cb007107-0502t").parse::<ServiceId>().is_err());
        assert!("event_00-000000000001".parse::<EventId>().is_err());
        assert!(format!("user_{ULID}").parse::<OrgId>().is_err());
    }
}
