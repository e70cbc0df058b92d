use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shodan_client::Facet;
use shodan_client::lenient::digits;

use super::record::Record;
use super::request::Request;

/// What can be a facet here.
pub(super) const FACETS: [&str; 14] = [
    "asn",
    "city",
    "country",
    "hostname",
    "isp",
    "org",
    "os",
    "port",
    "product",
    "tag",
    "transport",
    "version",
    "vuln",
    "vuln.verified",
];

/// As Shodan answers where no number is given.
const USUAL: usize = 10;

/// The facets that a request wants of these records. `None`: it wants none.
pub(super) fn facets_of(request: &Request, records: &[&Record]) -> Option<Value> {
    let wanted = request.parameter("facets").filter(|wanted| !wanted.is_empty())?;
    let facets = wanted.split(',').map(Facet::from).map(|facet| {
        let most = facet.count.and_then(|count| usize::try_from(count).ok()).unwrap_or(USUAL);
        let values = top(most, records.iter().flat_map(|record| values(record, &facet.name)));
        (facet.name, values)
    });
    Some(Value::Object(facets.collect::<Map<_, _>>()))
}

/// The most frequent values with their counts; of equally frequent ones the lesser first.
pub(super) fn top(most: usize, values: impl Iterator<Item = Value>) -> Value {
    let mut counts: BTreeMap<String, (u64, Value)> = BTreeMap::new();
    for value in values {
        counts.entry(value.to_string()).or_insert((0, value)).0 += 1;
    }
    let mut counts: Vec<(u64, Value)> = counts.into_values().collect();
    counts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    counts.into_iter().take(most).map(|(count, value)| json!({ "count": count, "value": value })).collect()
}

fn values(record: &Record, facet: &str) -> Vec<Value> {
    let members = record.members();
    let text = |name: &str| members.read(name, digits).map(Value::from).into_iter().collect();
    let place = |name: &str| members.object("location").read(name, digits).map(Value::from).into_iter().collect();
    let list = |values: &[String]| values.iter().cloned().map(Value::from).collect();
    match facet {
        "port" => vec![record.port.into()],
        "country" => place("country_code"),
        "city" => place("city"),
        "hostname" => list(&record.hostnames),
        "tag" => list(&record.tags),
        "vuln" => record.vulns.iter().filter(|cve| !cve.starts_with('!')).cloned().map(Value::from).collect(),
        "vuln.verified" => record.verified().into_iter().map(Value::from).collect(),
        "asn" | "isp" | "org" | "os" | "product" | "transport" | "version" => text(facet),
        _ => Vec::new(),
    }
}
