use std::fmt::Display;

use http::Method;
use url::Url;

use crate::call::Call;

/// What to stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feed {
    /// `/shodan/alert`: what all alerts of the key watch.
    Alerts,
    /// `/shodan/alert/{id}`: what one alert watches.
    Alert(String),
    /// `/shodan/banners`: everything.
    Banners,
    /// `/shodan/asn/{…}`: of these autonomous systems.
    Asn(Vec<u32>),
    /// `/shodan/countries/{…}`: of these countries, by their codes of two letters.
    Countries(Vec<String>),
    /// `/shodan/ports/{…}`: on these ports.
    Ports(Vec<u16>),
    /// `/shodan/vulns/{…}`: with these CVEs.
    Vulns(Vec<String>),
    /// `/shodan/tags/{…}`: with these tags. Not documented.
    Tags(Vec<String>),
    /// `/shodan/custom`: what matches a query, in which case counts.
    Custom(String),
}

impl Feed {
    pub(super) fn call<'a>(&self, base: &'a Url) -> Call<'a> {
        let at = |name: &'a str| Call::new(Method::GET, base, &["shodan", name]);
        match self {
            Self::Alerts => at("alert"),
            Self::Alert(id) => at("alert").at(id),
            Self::Banners => at("banners"),
            Self::Asn(numbers) => at("asn").at(list(numbers)),
            Self::Countries(codes) => at("countries").at(list(codes)),
            Self::Ports(ports) => at("ports").at(list(ports)),
            Self::Vulns(cves) => at("vulns").at(list(cves)),
            Self::Tags(tags) => at("tags").at(list(tags)),
            Self::Custom(query) => at("custom").with("query", query),
        }
    }
}

fn list(values: &[impl Display]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
