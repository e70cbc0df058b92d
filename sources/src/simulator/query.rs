use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::Offset;

use shodan_client::lenient::{Object, digits};
use shodan_client::query;

use super::record::{Record, owned};

/// The filters that are understood here.
pub(super) const FILTERS: [&str; 18] = [
    "after",
    "asn",
    "before",
    "city",
    "country",
    "cpe",
    "hostname",
    "ip",
    "isp",
    "net",
    "org",
    "os",
    "port",
    "product",
    "tag",
    "transport",
    "version",
    "vuln",
];

/// A search in Shodan's language: words look at the text, `filter:value` at a field, a comma means "or", a `-`
/// before a filter "not". Filters that are not known here match nothing.
#[derive(Debug)]
pub(super) struct Query(Vec<Term>);

#[derive(Debug)]
struct Term {
    negated: bool,
    /// `None` for a plain word.
    filter: Option<String>,
    values: Vec<String>,
}

impl Query {
    pub(super) fn read(text: &str) -> Self {
        Self(query::terms(text).into_iter().map(Term::of).collect())
    }

    /// Does it use a filter? Then it costs a credit.
    pub(super) fn has_filter(&self) -> bool {
        self.0.iter().any(|term| term.filter.is_some())
    }

    pub(super) fn matches(&self, record: &Record) -> bool {
        let members = record.members();
        self.0.iter().all(|term| term.values.iter().any(|value| term.holds(value, record, &members)) != term.negated)
    }
}

impl Term {
    fn of(term: query::Term) -> Self {
        let values = term.values.iter().map(|value| value.to_lowercase()).collect();
        Self { negated: term.negated, filter: term.filter, values }
    }

    fn holds(&self, value: &str, record: &Record, members: &Object<'_>) -> bool {
        let field = |name: &str| members.read(name, digits).map(|text| text.to_lowercase()).unwrap_or_default();
        let place = |name: &str| {
            members.object("location").read(name, digits).map(|text| text.to_lowercase()).unwrap_or_default()
        };
        match self.filter.as_deref() {
            None => field("data").contains(value),
            Some("net" | "ip") => network(value).is_some_and(|network| network.contains(&record.ip)),
            Some("port") => value.parse() == Ok(record.port),
            Some(name @ ("org" | "isp" | "product" | "os")) => field(name).contains(value),
            Some(name @ ("asn" | "version" | "transport")) => field(name) == value,
            Some("country") => place("country_code") == value,
            Some("city") => place("city") == value,
            Some("hostname") => record.hostnames.iter().any(|name| name.to_lowercase().contains(value)),
            Some("tag") => record.tags.iter().any(|tag| tag == value),
            Some("vuln") => record.vulns.iter().any(|cve| cve.to_lowercase() == value),
            Some("cpe") => members
                .get("cpe23")
                .map(owned)
                .unwrap_or_default()
                .iter()
                .chain(&record.cpes)
                .any(|c| c.starts_with(value)),
            Some("after") => day(value).is_some_and(|day| record.at >= day),
            Some("before") => day(value).is_some_and(|day| record.at < day),
            Some(_) => false,
        }
    }
}

fn network(value: &str) -> Option<IpNet> {
    value.parse().ok().or_else(|| value.parse::<IpAddr>().ok().map(IpNet::from))
}

/// `DD/MM/YYYY`. Shodan finds next to nothing with any other spelling, and says no word about it.
fn day(value: &str) -> Option<Timestamp> {
    let [day, month, year] = value.splitn(3, '/').collect::<Vec<_>>().try_into().ok()?;
    let valid = day.len() == 2 && month.len() == 2 && year.len() == 4;
    let civil =
        valid.then(|| jiff::civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok())??;
    Offset::UTC.to_timestamp(civil.max(date(1970, 1, 1)).at(0, 0, 0, 0)).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn finds(query: &str) -> bool {
        let banner = json!({"port": 1883, "timestamp": "2026-03-14T08:00:00", "data": "MQTT Connection Code: 0",
            "org": "Acme Utilities", "location": {"country_code": "NL"}, "hostnames": ["gate.acme.example"],
            "tags": ["iot"], "vulns": {"CVE-2021-36260": {}}, "transport": "tcp"});
        Query::read(query).matches(&Record::of(&banner, "198.51.100.7".parse().unwrap()).unwrap())
    }

    #[test]
    fn filters_words_and_dates_are_understood() {
        for yes in [
            "",
            "mqtt",
            "\"connection code\" port:1883,8883",
            "net:192.0.2.0/24,198.51.100.0/24",
            "net:198.51.100.7",
            "org:\"Acme Utilities\" country:NL,DE",
            "-port:22 tag:iot",
            "after:13/03/2026 before:15/03/2026",
            "hostname:acme.example vuln:CVE-2021-36260",
        ] {
            assert!(finds(yes), "{yes}");
        }
        for no in [
            "amqp",
            "port:22",
            "-mqtt",
            "net:192.0.2.0/24",
            "org:\"Other\"",
            "after:2026-03-13",
            "before:14/03/2026",
            "what:ever",
        ] {
            assert!(!finds(no), "{no}");
        }
    }

    #[test]
    fn only_filters_cost() {
        assert!(Query::read("apache port:80").has_filter());
        assert!(!Query::read("apache \"http://x\"").has_filter());
    }
}
