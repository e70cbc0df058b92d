use domain::asset::{Asset, Criticality, DeviceProfile};
use domain::email::EmailAddress;
use domain::target::{Target, TargetError};
use ipnet::IpNet;

use crate::{UserError, UserErrorCode};

/// What a person says of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of domain::asset::DeviceProfile")]
pub struct DeviceDraft {
    pub vendor: Option<String>,
    pub model: Option<String>,
    pub firmware: Option<String>,
    pub site: Option<String>,
    pub serial_number: Option<String>,
    pub mac_address: Option<String>,
    pub device_type: Option<String>,
}

/// What a person says of a new asset.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields of domain::asset::Asset")]
pub struct AssetDraft {
    pub name: Option<String>,
    pub target: Option<String>,
    pub query: Option<String>,
    pub device: DeviceDraft,
    pub tags: Vec<String>,
    pub criticality: Criticality,
    pub owner: Option<String>,
    pub owner_email: Option<String>,
    pub external_id: Option<String>,
    pub notes: Option<String>,
    pub allowed_services: Vec<String>,
    pub poll_interval: Option<i32>,
    pub enabled: bool,
}

/// The least time between polls, in seconds: Shodan itself looks at most daily.
const MIN_INTERVAL: i32 = 300;
const MAX_INTERVAL: i32 = 30 * 24 * 3600;

/// Collects the faults of an input, so that a person hears of all at once.
#[derive(Default)]
pub(super) struct Faults(pub Vec<UserError>);

impl Faults {
    pub(super) fn add(&mut self, code: UserErrorCode, field: &str, message: impl Into<String>) {
        self.0.push(UserError::of(code, field, message));
    }

    /// A text without blanks at its ends; none when it is empty.
    pub(super) fn text(&mut self, field: &str, text: Option<&str>, limit: usize) -> Option<String> {
        let text = text.map(str::trim).filter(|t| !t.is_empty())?;
        if text.chars().count() > limit {
            self.add(UserErrorCode::TooLong, field, format!("at most {limit} characters"));
            return None;
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            self.add(UserErrorCode::Invalid, field, "no control characters");
            return None;
        }
        Some(text.to_owned())
    }

    pub(super) fn tags(&mut self, tags: &[String]) -> Vec<String> {
        let mut clean: Vec<String> = tags.iter().filter_map(|t| self.text("tags", Some(t), 100)).collect();
        clean.sort();
        clean.dedup();
        if clean.len() > 50 {
            self.add(UserErrorCode::TooMany, "tags", "at most 50 tags");
        }
        clean
    }

    pub(super) fn target(&mut self, target: Option<&str>, query: Option<&str>, allow: &[IpNet]) -> Option<Target> {
        let (field, parsed) =
            match (target.map(str::trim).filter(|t| !t.is_empty()), query.map(str::trim).filter(|q| !q.is_empty())) {
                (Some(_), Some(_)) => {
                    self.add(UserErrorCode::Invalid, "target", "give either a target or a query, not both");
                    return None;
                }
                (None, None) => {
                    self.add(
                        UserErrorCode::Required,
                        "target",
                        "give a target (address, network or host name) or a query",
                    );
                    return None;
                }
                (Some(target), None) => ("target", Target::parse(target, allow)),
                (None, Some(query)) => ("query", Target::query(query)),
            };
        parsed
            .map_err(|error| {
                let code = match error {
                    TargetError::Private(_) => UserErrorCode::PrivateAddress,
                    TargetError::Invalid(_) => UserErrorCode::Invalid,
                };
                self.add(code, field, error.to_string());
            })
            .ok()
    }

    pub(super) fn email(&mut self, field: &str, text: Option<&str>) -> Option<EmailAddress> {
        let text = text.map(str::trim).filter(|t| !t.is_empty())?;
        let parsed = EmailAddress::parse(text);
        if parsed.is_none() {
            self.add(UserErrorCode::Invalid, field, "not an e-mail address such as ops@example.com");
        }
        parsed
    }

    pub(super) fn interval(&mut self, seconds: Option<i32>) -> Option<u32> {
        let seconds = seconds?;
        if !(MIN_INTERVAL..=MAX_INTERVAL).contains(&seconds) {
            self.add(
                UserErrorCode::Invalid,
                "pollInterval",
                format!("between {MIN_INTERVAL} and {MAX_INTERVAL} seconds"),
            );
            return None;
        }
        u32::try_from(seconds).ok()
    }

    pub(super) fn device(&mut self, draft: &DeviceDraft) -> DeviceProfile {
        DeviceProfile {
            vendor: self.text("device", draft.vendor.as_deref(), 200),
            model: self.text("device", draft.model.as_deref(), 200),
            firmware: self.text("device", draft.firmware.as_deref(), 200),
            site: self.text("device", draft.site.as_deref(), 200),
            serial_number: self.text("device", draft.serial_number.as_deref(), 200),
            mac_address: self.text("device", draft.mac_address.as_deref(), 50),
            device_type: self.text("device", draft.device_type.as_deref(), 100),
        }
    }

    pub(super) fn services(&mut self, services: &[String]) -> Vec<String> {
        let mut clean = Vec::new();
        for text in services {
            let (port, transport) = text.trim().split_once('/').unwrap_or((text.trim(), "tcp"));
            match (port.parse::<u16>(), transport.to_ascii_lowercase().as_str()) {
                (Ok(port), transport @ ("tcp" | "udp")) if port > 0 => clean.push(format!("{port}/{transport}")),
                _ => self.add(
                    UserErrorCode::Invalid,
                    "allowedServices",
                    format!("{text:?} is not a port such as 443/tcp"),
                ),
            }
        }
        clean.sort();
        clean.dedup();
        if clean.len() > 200 {
            self.add(UserErrorCode::TooMany, "allowedServices", "at most 200");
        }
        clean
    }
}

impl AssetDraft {
    /// The asset of a draft. Its id, group and instants are the use case's.
    pub(super) fn check(&self, allow: &[IpNet], blank: Asset) -> Result<Asset, Vec<UserError>> {
        let mut faults = Faults::default();
        let target = faults.target(self.target.as_deref(), self.query.as_deref(), allow);
        let name = faults.text("name", self.name.as_deref(), 200);
        let asset = Asset {
            name: name
                .or_else(|| target.as_ref().map(|t| t.to_string().chars().take(200).collect()))
                .unwrap_or_default(),
            device: faults.device(&self.device),
            tags: faults.tags(&self.tags),
            criticality: self.criticality,
            owner: faults.text("owner", self.owner.as_deref(), 200),
            owner_email: faults.email("ownerEmail", self.owner_email.as_deref()),
            external_id: faults.text("externalId", self.external_id.as_deref(), 200),
            notes: faults.text("notes", self.notes.as_deref(), 10_000),
            allowed_services: faults.services(&self.allowed_services),
            poll_interval: faults.interval(self.poll_interval),
            enabled: self.enabled,
            target: target.unwrap_or_else(|| blank.target.clone()),
            ..blank
        };
        if faults.0.is_empty() { Ok(asset) } else { Err(faults.0) }
    }
}
