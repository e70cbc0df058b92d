//! What a device is, read off what its services say: class, vendor, model, firmware, each with what tells it.
//!
//! A table (`profiles/devices.toml`) names fields, patterns and what follows. What the device says of itself in its own
//! protocol counts more than what its software's name suggests. Used only where the person left a field empty. Never
//! here: whether anything is wrong with it.

mod class;
mod sign;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::class::DeviceClass;
use self::sign::{SIGNS, Tells};
use crate::asset::DeviceProfile;
use crate::ids::ServiceId;
use crate::rule::Facts;
use crate::service::{Service, ServiceState};

/// Bytes of a value that is shown as evidence.
const MAX_VALUE: usize = 200;

/// What is told of a device. Empty where nothing tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reading {
    /// What sort of device.
    pub class: Option<Told<DeviceClass>>,
    /// Who makes it.
    pub vendor: Option<Told<String>>,
    /// Which model.
    pub model: Option<Told<String>>,
    /// Its firmware.
    pub firmware: Option<Told<String>>,
    /// Its serial number.
    pub serial_number: Option<Told<String>>,
    /// Its MAC address.
    pub mac_address: Option<Told<String>>,
}

/// A value and what tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told<T> {
    /// The value.
    pub value: T,
    /// How sure, 1 to 100; below 40 it is a hint and nothing is filled in by it.
    pub weight: u8,
    /// The service that tells it.
    pub service: ServiceId,
    /// The field of the service.
    pub field: String,
    /// What stands there, ≤ 200 bytes.
    pub seen: String,
    /// When the source saw it.
    pub observed_at: Timestamp,
}

/// From this weight on a value is filled in.
const SURE: u8 = 40;

/// Reads a device off its open services. Their order makes no difference.
pub fn read<'a>(services: impl IntoIterator<Item = &'a Service>) -> Reading {
    let mut hits: Vec<Hit<'a>> = services.into_iter().flat_map(hits).collect();
    hits.sort_by(|a, b| (b.weight, &a.service.id, a.place).cmp(&(a.weight, &b.service.id, b.place)));
    let vendor = hits.iter().find_map(|hit| hit.told(hit.tells.vendor.clone()));
    // A model of another maker is another device behind the same address.
    let fits = |hit: &&Hit<'_>| match (&vendor, &hit.tells.vendor) {
        (Some(vendor), Some(other)) => vendor.value.eq_ignore_ascii_case(other),
        _ => true,
    };
    let first = |of: fn(&Tells) -> Option<String>| hits.iter().filter(fits).find_map(|hit| hit.told(of(&hit.tells)));
    Reading {
        class: hits.iter().filter(fits).find_map(|hit| hit.told(hit.tells.class)),
        model: first(|tells| tells.model.clone()),
        firmware: first(|tells| tells.firmware.clone()),
        serial_number: first(|tells| tells.serial_number.clone()),
        mac_address: first(|tells| tells.mac_address.clone()),
        vendor,
    }
}

impl Reading {
    /// The profile with what is told filled in where the person left a field empty. What contradicts the vendor that the
    /// person wrote is left out: then the address shows another device.
    pub fn fill(&self, written: &DeviceProfile) -> DeviceProfile {
        let contradicts = match (&written.vendor, &self.vendor) {
            (Some(written), Some(told)) => !alike(written, &told.value),
            _ => false,
        };
        if contradicts {
            return written.clone();
        }
        supplemented(written, &self.told())
    }

    /// What is sure of it, as a profile of its own.
    pub fn told(&self) -> DeviceProfile {
        let told = |told: &Option<Told<String>>| told.as_ref().filter(|t| t.weight >= SURE).map(|t| t.value.clone());
        DeviceProfile {
            vendor: told(&self.vendor),
            model: told(&self.model),
            firmware: told(&self.firmware),
            site: None,
            serial_number: told(&self.serial_number),
            mac_address: told(&self.mac_address),
            device_type: self.class.as_ref().filter(|t| t.weight >= SURE).map(|t| t.value.label().to_owned()),
        }
    }
}

/// The profile that a person wrote, with what the device tells where a field was left empty. Of a device of another
/// vendor nothing is taken.
pub fn supplemented(written: &DeviceProfile, told: &DeviceProfile) -> DeviceProfile {
    if let (Some(written_vendor), Some(told_vendor)) = (&written.vendor, &told.vendor)
        && !alike(written_vendor, told_vendor)
    {
        return written.clone();
    }
    let either = |written: &Option<String>, told: &Option<String>| written.clone().or_else(|| told.clone());
    DeviceProfile {
        vendor: either(&written.vendor, &told.vendor),
        model: either(&written.model, &told.model),
        firmware: either(&written.firmware, &told.firmware),
        site: written.site.clone(),
        serial_number: either(&written.serial_number, &told.serial_number),
        mac_address: either(&written.mac_address, &told.mac_address),
        device_type: either(&written.device_type, &told.device_type),
    }
}

/// One name within the other: `Siemens` and `Siemens AG`.
fn alike(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    one.contains(&other) || other.contains(&one)
}

struct Hit<'a> {
    service: &'a Service,
    place: usize,
    weight: u8,
    field: &'static str,
    seen: String,
    tells: Tells,
}

impl Hit<'_> {
    fn told<T>(&self, value: Option<T>) -> Option<Told<T>> {
        Some(Told {
            value: value?,
            weight: self.weight,
            service: self.service.id.clone(),
            field: self.field.to_owned(),
            seen: crate::payload::cut(&self.seen, MAX_VALUE).to_owned(),
            observed_at: self.service.last_observed_at,
        })
    }
}

fn hits(service: &Service) -> Vec<Hit<'_>> {
    let Some(banner) = service.banner.as_ref().filter(|_| service.state == ServiceState::Open) else {
        return Vec::new();
    };
    // No sign asks whether a certificate is valid: any instant does.
    let facts = Facts::new().service(banner, Timestamp::UNIX_EPOCH);
    let hit = |(place, sign): (usize, &'static sign::Sign)| {
        let seen = facts.text(&sign.written.field).filter(|seen| !seen.is_empty())?;
        let tells = sign.tells(&seen, &facts)?;
        Some(Hit { service, place, weight: sign.written.weight, field: &sign.written.field, seen, tells })
    };
    SIGNS.iter().enumerate().filter_map(hit).collect()
}

#[cfg(test)]
mod tests;
