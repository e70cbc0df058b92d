//! One line of the table: a field, a pattern, and what follows.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};
use serde::Deserialize;

use super::DeviceClass;
use crate::rule::{Facts, Vocabulary};

/// What tells a device.
#[derive(Debug)]
pub(super) struct Sign {
    pub(super) written: Written,
    pattern: Regex,
}

/// As it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Written {
    pub(super) field: String,
    pattern: String,
    class: Option<DeviceClass>,
    vendor: Option<String>,
    model_at: Option<String>,
    firmware_at: Option<String>,
    serial_number_at: Option<String>,
    mac_address_at: Option<String>,
    pub(super) weight: u8,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the tests of the table"))]
    pub(super) example: String,
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "for the tests of the table"))]
    pub(super) tells: std::collections::BTreeMap<String, String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the tests of the table"))]
    pub(super) other: String,
    #[serde(default, rename = "source")]
    _source: Option<String>,
}

/// What one sign tells of one service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tells {
    pub(super) class: Option<DeviceClass>,
    pub(super) vendor: Option<String>,
    pub(super) model: Option<String>,
    pub(super) firmware: Option<String>,
    pub(super) serial_number: Option<String>,
    pub(super) mac_address: Option<String>,
}

/// Characters of a vendor, a model and the like.
const LONGEST: usize = 100;

/// All signs, in the order of the file.
pub(super) static SIGNS: LazyLock<Vec<Sign>> = LazyLock::new(read);

#[derive(Deserialize)]
struct File {
    sign: Vec<Written>,
}

#[expect(clippy::panic, reason = "the file is part of the program, and a test reads every line of it")]
fn read() -> Vec<Sign> {
    let file: File = toml::from_str(include_str!("../../profiles/devices.toml"))
        .unwrap_or_else(|error| panic!("profiles/devices.toml: {error}"));
    let sign = |written: Written| {
        let pattern = Regex::new(&written.pattern).unwrap_or_else(|error| panic!("{}: {error}", written.pattern));
        for path in written.paths() {
            assert!(Vocabulary::RULES.declares(path), "profiles/devices.toml: there is no {path}");
        }
        Sign { written, pattern }
    };
    file.sign.into_iter().map(sign).collect()
}

impl Written {
    fn paths(&self) -> impl Iterator<Item = &String> {
        [&self.model_at, &self.firmware_at, &self.serial_number_at, &self.mac_address_at]
            .into_iter()
            .flatten()
            .chain([&self.field])
    }
}

impl Sign {
    /// What it tells, if the value of its field matches.
    pub(super) fn tells(&self, value: &str, facts: &Facts<'_>) -> Option<Tells> {
        let found = self.pattern.captures(value)?;
        let written = &self.written;
        let at = |path: &Option<String>| path.as_ref().and_then(|path| facts.text(path)).and_then(|text| tidy(&text));
        Some(Tells {
            class: written.class,
            vendor: group(&found, "vendor").or_else(|| written.vendor.clone()),
            model: group(&found, "model").or_else(|| at(&written.model_at)),
            firmware: group(&found, "firmware").or_else(|| at(&written.firmware_at)),
            serial_number: at(&written.serial_number_at),
            mac_address: at(&written.mac_address_at),
        })
    }
}

fn group(found: &Captures<'_>, name: &str) -> Option<String> {
    found.name(name).and_then(|text| tidy(text.as_str()))
}

/// What a device says of itself goes into forms and mails: no control characters, not too long, not empty.
fn tidy(text: &str) -> Option<String> {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    let plain = plain.trim();
    (!plain.is_empty()).then(|| plain.to_owned())
}
