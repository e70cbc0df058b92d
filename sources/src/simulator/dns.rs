use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::World;
use super::request::Request;
use super::routes::Answer;

/// `/dns/resolve`
pub(super) fn resolve(world: &World, request: &Request) -> String {
    let names = request.parameter("hostnames").unwrap_or_default();
    let mut archive = world.archive();
    let found = names.split(',').filter(|name| !name.is_empty()).map(|name| {
        let ip = archive.resolve(name).map(|ip| ip.to_string());
        (name.to_owned(), Value::from(ip))
    });
    Value::Object(found.collect()).to_string()
}

/// `/dns/reverse`
pub(super) fn reverse(world: &World, request: &Request) -> String {
    let mut archive = world.archive();
    let mut found = Map::new();
    for ip in request.parameter("ips").unwrap_or_default().split(',').filter(|ip| !ip.is_empty()) {
        let records = ip.parse::<IpAddr>().map(|ip| archive.of(&[ip])).unwrap_or_default();
        let names: BTreeSet<&String> = records.iter().flat_map(|record| &record.hostnames).collect();
        found.insert(ip.to_owned(), if names.is_empty() { Value::Null } else { json!(names) });
    }
    Value::Object(found).to_string()
}

/// `/dns/domain/{domain}`: a query credit, whatever there is.
pub(super) fn domain(world: &World, request: &Request, domain: &str) -> Answer {
    world.gate().pay()?;
    let mut archive = world.archive();
    let suffix = format!(".{domain}");
    let (mut records, mut subdomains, mut ipv6) = (Vec::new(), BTreeSet::new(), false);
    for record in archive.all() {
        for name in &record.hostnames {
            let Some(sub) = name.strip_suffix(&suffix).or((name == domain).then_some("")) else { continue };
            let kind = if record.ip.is_ipv6() { "AAAA" } else { "A" };
            ipv6 |= record.ip.is_ipv6();
            let at = record.at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string();
            let known = |known: &Value| known["subdomain"] == sub && known["value"] == record.ip.to_string();
            if request.parameter("type").is_none_or(|wanted| wanted == kind) && !records.iter().any(known) {
                records
                    .push(json!({ "subdomain": sub, "type": kind, "value": record.ip.to_string(), "last_seen": at }));
            }
            subdomains.extend((!sub.is_empty()).then(|| sub.to_owned()));
        }
    }
    let tags: &[&str] = if ipv6 { &["ipv6"] } else { &[] };
    Ok(json!({ "domain": domain, "tags": tags, "data": records, "subdomains": subdomains, "more": false }).to_string())
}
