use domain::observation::{HostObservation, Location};

use serde_json::value::RawValue;
use shodan_client::lenient::{Object, decimal, digits, line, object, string};

/// What a banner or a host says of the host as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Facts {
    asn: Option<String>,
    organization: Option<String>,
    isp: Option<String>,
    operating_system: Option<String>,
    location: Option<Location>,
}

impl Facts {
    /// What a banner says: its place is a member of its own.
    pub(super) fn of_banner(banner: &Object<'_>) -> Self {
        Self { location: location(&banner.object("location")), ..Self::without_place(banner) }
    }

    /// What a host says: its place lies flat in it.
    pub(super) fn of_host(host: &Object<'_>) -> Self {
        let nested = || location(&host.object("location"));
        Self { location: location(host).or_else(nested), ..Self::without_place(host) }
    }

    /// Moves the facts out of a host.
    pub(super) fn taken_from(host: &mut HostObservation) -> Self {
        Self {
            asn: host.asn.take(),
            organization: host.organization.take(),
            isp: host.isp.take(),
            operating_system: host.operating_system.take(),
            location: host.location.take(),
        }
    }

    /// These facts, and `other` where these say nothing.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            asn: self.asn.or(other.asn),
            organization: self.organization.or(other.organization),
            isp: self.isp.or(other.isp),
            operating_system: self.operating_system.or(other.operating_system),
            location: self.location.or(other.location),
        }
    }

    /// Moves the facts into a host.
    pub(super) fn put_into(self, host: &mut HostObservation) {
        host.asn = self.asn;
        host.organization = self.organization;
        host.isp = self.isp;
        host.operating_system = self.operating_system;
        host.location = self.location;
    }

    /// Something to order equal sightings by, so that the order in which they came does not count.
    pub(super) fn order(&self) -> String {
        format!("{self:?}")
    }

    fn without_place(object: &Object<'_>) -> Self {
        let text = |name: &str| object.read(name, string).and_then(|text| line(&text, 256));
        Self {
            asn: object.read("asn", digits).and_then(|asn| autonomous_system(&asn)),
            organization: text("org"),
            isp: text("isp"),
            operating_system: text("os"),
            location: None,
        }
    }
}

/// Where an answer about a host says that it is.
pub(crate) fn location_of(host: &RawValue) -> Option<Location> {
    object(host).and_then(|host| Facts::of_host(&host).location)
}

fn autonomous_system(text: &str) -> Option<String> {
    let number = text.trim().trim_start_matches(['A', 'S', 'a', 's']).parse::<u32>().ok()?;
    Some(format!("AS{number}"))
}

fn location(object: &Object<'_>) -> Option<Location> {
    let text = |name: &str| object.read(name, string).and_then(|text| line(&text, 128));
    let degrees = |name: &str, most: f64| object.read(name, decimal).filter(|degrees| degrees.abs() <= most);
    let place = Location {
        country_code: text("country_code").filter(|code| code.len() == 2).map(|code| code.to_ascii_uppercase()),
        country_name: text("country_name"),
        city: text("city"),
        latitude: degrees("latitude", 90.0),
        longitude: degrees("longitude", 180.0),
    };
    (place != Location::default()).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_made_of_what_is_known_of_it() {
        let banner: Object<'_> = serde_json::from_str(
            r#"{"asn":64500,"location":{"city":null,"nregion_code":"x","country_code":"nl","latitude":"52.4","longitude":999}}"#,
        )
        .unwrap();
        let facts = Facts::of_banner(&banner);
        assert_eq!(facts.asn.as_deref(), Some("AS64500"));
        let place = facts.location.unwrap();
        assert_eq!((place.country_code.as_deref(), place.latitude, place.longitude), (Some("NL"), Some(52.4), None));
    }

    #[test]
    fn a_place_of_nulls_is_none() {
        let banner: Object<'_> =
            serde_json::from_str(r#"{"location":{"city":null,"latitude":null},"org":null}"#).unwrap();
        assert_eq!(Facts::of_banner(&banner), Facts::default());
    }
}
