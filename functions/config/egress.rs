use ipnet::IpNet;

use super::{ConfigError, Environment, Setting};

pub(super) const SETTINGS: &[Setting] = &[
    Setting::open(
        "IOTMONITOR_EGRESS_ALLOW",
        "",
        "ranges (CIDR, separated by commas) that webhooks may reach although they are private, also by plain http",
    ),
    Setting::open(
        "IOTMONITOR_TARGET_ALLOW",
        "",
        "ranges (CIDR, separated by commas) that may be watched although they are private or for documentation",
    ),
    Setting::open("IOTMONITOR_CA_FILE", "", "a PEM file with certificate authorities to trust beside Mozilla's"),
];

/// What may be reached and watched beyond the public Internet, and who is trusted on the way.
#[derive(Clone, Debug, Default)]
pub struct Egress {
    /// Private ranges that webhooks may reach.
    pub webhooks: Vec<IpNet>,
    /// Ranges that may be watched although they are not public.
    pub targets: Vec<IpNet>,
    /// More certificate authorities: the PEM text.
    pub authorities: Option<Vec<u8>>,
}

impl Egress {
    pub(crate) fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let form = "a range such as 10.20.0.0/16";
        let name = "IOTMONITOR_CA_FILE";
        let read = |path: &str| {
            std::fs::read(path).map_err(|error| ConfigError::invalid(name, format!("{path} cannot be read: {error}")))
        };
        Ok(Self {
            webhooks: environment.list("IOTMONITOR_EGRESS_ALLOW", form)?,
            targets: environment.list("IOTMONITOR_TARGET_ALLOW", form)?,
            authorities: environment.text(name).map(read).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_listed_with_commas_and_a_wrong_one_is_named() {
        let read = |value: &str| Egress::read(&Environment::of([("IOTMONITOR_EGRESS_ALLOW", value)]));
        assert_eq!(read("10.0.0.0/8, fd00::/8").unwrap().webhooks.len(), 2);
        assert!(read("10.0.0.0/8,10.1").unwrap_err().to_string().contains("\"10.1\" is not a range"));
    }
}
