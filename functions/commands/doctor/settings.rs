//! What can be told of the settings without asking anybody.

use ipnet::IpNet;

use super::check::{Check, fail, ok, warn};
use crate::config::{Collector, Config, Environment, Start, settings, unknown};

/// The address at which clouds tell a machine its own credentials.
const METADATA: std::net::Ipv4Addr = std::net::Ipv4Addr::new(169, 254, 169, 254);

/// Every variable that cannot be used, and every one that does not exist.
pub(super) fn faults(environment: &Environment) -> Vec<Check> {
    let unusable = Config::faults(environment).into_iter().map(|fault| fault.to_string());
    let filter = crate::log::check(environment).err().map(|fault| fault.to_string());
    let misspelt = unknown(environment).into_iter().map(|name| {
        let like = nearest(&name).map_or_else(String::new, |like| format!("; did you mean {like}?"));
        format!("{name}: there is no such setting{like}")
    });
    unusable.chain(filter).chain(misspelt).map(|fault| fail("settings", fault)).collect()
}

/// What can be used, and should not be.
pub(super) fn risks(config: &Config, environment: &Environment) -> Vec<Check> {
    let server = &config.server;
    let mut checks = vec![ok("settings", format!("storage {:?}, public address {}", config.storage, server.base()))];
    if !server.listen.ip().is_loopback() && !server.https() {
        checks.push(fail(
            "settings",
            format!(
                "IOTMONITOR_LISTEN: others can reach {}, and passwords would go to it in the clear: put a proxy with TLS \
                 before 127.0.0.1, and set IOTMONITOR_PUBLIC_URL to its https address",
                server.listen
            ),
        ));
    }
    let reaches = |range: &IpNet| range.contains(&std::net::IpAddr::V4(METADATA));
    if config.egress.webhooks.iter().any(reaches) {
        checks.push(fail(
            "settings",
            "IOTMONITOR_EGRESS_ALLOW: webhooks could ask the machine's metadata service (169.254.169.254) for its \
             credentials: name only the ranges of your receivers",
        ));
    }
    if config.egress.targets.iter().any(|range| range.prefix_len() < 8) {
        checks.push(warn(
            "settings",
            "IOTMONITOR_TARGET_ALLOW: a range this wide allows private addresses, of which Shodan knows nothing: name \
             what is meant",
        ));
    }
    if matches!(Start::read(environment), Ok(Start::ByFunctionsHost(_)))
        && environment.text("IOTMONITOR_POLL_SCHEDULE").is_none()
    {
        checks.push(fail(
            "settings",
            "IOTMONITOR_POLL_SCHEDULE is not set: the Functions host reads it for the timer and does not start without; \
             set it to \"0 * * * * *\"",
        ));
    }
    if !cfg!(feature = "otel") && matches!(Collector::read(environment), Ok(Some(_))) {
        checks.push(warn(
            "settings",
            "OTEL_EXPORTER_OTLP_ENDPOINT: this build sends no traces: make one with cargo build --release --features otel, \
             or remove the setting",
        ));
    }
    if config.mail.smtp.is_none() && environment.text("IOTMONITOR_MAIL_FROM").is_some() {
        checks.push(warn("settings", "IOTMONITOR_MAIL_FROM has a sender and IOTMONITOR_SMTP_URL no server: set both"));
    }
    checks
}

/// The setting that differs least, if it is like enough.
fn nearest(name: &str) -> Option<&'static str> {
    let distances = settings().map(|setting| (distance(name, setting.name), setting.name));
    distances.min().filter(|(distance, _)| *distance <= 3).map(|(_, name)| name)
}

/// How many letters must be put in, taken out or changed to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let changed = before + usize::from(a != *b);
            before = row[j + 1];
            row[j + 1] = changed.min(before + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_near_to_what_was_meant() {
        assert_eq!(nearest("IOTMONITOR_SHODAN_KYE"), Some("IOTMONITOR_SHODAN_KEY"));
        assert_eq!(nearest("IOTMONITOR_LISTENS"), Some("IOTMONITOR_LISTEN"));
        assert_eq!(nearest("IOTMONITOR_SOMETHING_ELSE_ALTOGETHER"), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
