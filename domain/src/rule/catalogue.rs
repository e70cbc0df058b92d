//! The rules of the house: one file each under `domain/rules`, with its examples; and the two of the engine.

use super::{Rule, RuleDefinition, vulnerability};

/// Each file, named after its rule.
const FILES: [(&str, &str); 30] = [
    ("adb-exposed", include_str!("../../rules/adb-exposed.toml")),
    ("bacnet-exposed", include_str!("../../rules/bacnet-exposed.toml")),
    ("camera-stream", include_str!("../../rules/camera-stream.toml")),
    ("certificate-expired", include_str!("../../rules/certificate-expired.toml")),
    ("certificate-expiring", include_str!("../../rules/certificate-expiring.toml")),
    ("compromised", include_str!("../../rules/compromised.toml")),
    ("dns-open-resolver", include_str!("../../rules/dns-open-resolver.toml")),
    ("docker-api", include_str!("../../rules/docker-api.toml")),
    ("elasticsearch-open", include_str!("../../rules/elasticsearch-open.toml")),
    ("end-of-life", include_str!("../../rules/end-of-life.toml")),
    ("ftp-anonymous", include_str!("../../rules/ftp-anonymous.toml")),
    ("ics-exposed", include_str!("../../rules/ics-exposed.toml")),
    ("malware", include_str!("../../rules/malware.toml")),
    ("modbus-exposed", include_str!("../../rules/modbus-exposed.toml")),
    ("mongodb-open", include_str!("../../rules/mongodb-open.toml")),
    ("mqtt-anonymous", include_str!("../../rules/mqtt-anonymous.toml")),
    ("rdp-exposed", include_str!("../../rules/rdp-exposed.toml")),
    ("redis-open", include_str!("../../rules/redis-open.toml")),
    ("rsync-open", include_str!("../../rules/rsync-open.toml")),
    ("s7-exposed", include_str!("../../rules/s7-exposed.toml")),
    ("smb1-enabled", include_str!("../../rules/smb1-enabled.toml")),
    ("snmp-public", include_str!("../../rules/snmp-public.toml")),
    ("telnet-open", include_str!("../../rules/telnet-open.toml")),
    ("telnet-shell", include_str!("../../rules/telnet-shell.toml")),
    ("tls-old", include_str!("../../rules/tls-old.toml")),
    ("tls-sslv3", include_str!("../../rules/tls-sslv3.toml")),
    ("unexpected-service", include_str!("../../rules/unexpected-service.toml")),
    ("upnp-exposed", include_str!("../../rules/upnp-exposed.toml")),
    ("vnc-exposed", include_str!("../../rules/vnc-exposed.toml")),
    ("vnc-no-authentication", include_str!("../../rules/vnc-no-authentication.toml")),
];

/// All rules of the house.
pub(super) fn rules() -> Vec<Rule> {
    FILES.iter().map(|(name, text)| read(name, text)).chain(vulnerability::rules()).collect()
}

#[expect(clippy::panic, reason = "the files are part of the program, and a test reads every one of them")]
fn read(name: &str, text: &str) -> Rule {
    let definition: Result<RuleDefinition, _> = toml::from_str(text);
    let definition = definition.unwrap_or_else(|error| panic!("rules/{name}.toml: {error}"));
    definition.into_rule(true).unwrap_or_else(|error| panic!("rules/{name}.toml: {error}"))
}

#[cfg(test)]
mod tests;
