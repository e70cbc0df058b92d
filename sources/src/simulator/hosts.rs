use std::collections::BTreeSet;
use std::net::IpAddr;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use shodan_client::lenient::Object;

use super::World;
use super::fault::{Refused, as_json, error, nothing_known};
use super::record::{Record, owned};
use super::request::Request;
use super::routes::Answer;

/// `/shodan/host/{ip,…}`
pub(super) fn hosts(world: &World, ips: &str, request: &Request) -> Answer {
    let minify = request.flag("minify");
    let ips: Option<Vec<IpAddr>> = ips.split(',').map(|ip| ip.parse().ok()).collect();
    let Some(ips) = ips else { return Err(Refused::new(error(StatusCode::NOT_FOUND, "Invalid IP"))) };
    let mut archive = world.archive();
    let mut found: Vec<String> = Vec::new();
    for ip in &ips {
        let records = archive.of(&[*ip]);
        if !records.is_empty() {
            found.push(host(*ip, &records, minify));
        }
    }
    match found.len() {
        0 => Err(Refused::new(nothing_known())),
        // As Shodan does: a list is only what has several.
        1 => Ok(found.remove(0)),
        _ => Ok(format!("[{}]", found.join(","))),
    }
}

/// The answer about one host: general facts of its newest banner, then all banners.
fn host(ip: IpAddr, records: &[&Record], minify: bool) -> String {
    let newest = records[0];
    let members = newest.members();
    let mut host = Map::new();
    let copy = |from: &Object<'_>, names: &[&str], host: &mut Map<String, Value>| {
        for name in names {
            let value = from.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok());
            host.insert((*name).to_owned(), value.unwrap_or_default());
        }
    };
    copy(&members, &["asn", "org", "isp", "os"], &mut host);
    let place =
        ["city", "region_code", "area_code", "postal_code", "country_code", "country_name", "latitude", "longitude"];
    copy(&members.object("location"), &place, &mut host);
    if let IpAddr::V4(v4) = ip {
        host.insert("ip".into(), u32::from(v4).into());
    }
    host.insert("ip_str".into(), ip.to_string().into());
    host.insert("last_update".into(), newest.at.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string().into());
    host.insert("ports".into(), json!(records.iter().map(|r| r.port).collect::<BTreeSet<_>>()));
    host.insert("hostnames".into(), union(records, |r| r.hostnames.clone()));
    host.insert("domains".into(), union(records, |r| r.members().get("domains").map(owned).unwrap_or_default()));
    host.insert("tags".into(), union(records, |r| r.tags.clone()));
    let vulns = union(records, |r| r.vulns.clone());
    if vulns.as_array().is_some_and(|list| !list.is_empty()) {
        host.insert("vulns".into(), vulns);
    }
    let general = Value::Object(host).to_string();
    let banners: Vec<&str> = if minify { Vec::new() } else { records.iter().map(|r| r.json.as_str()).collect() };
    let open = general.strip_suffix('}').unwrap_or_default();
    format!(r#"{open},"data":[{}]}}"#, banners.join(","))
}

/// `/labs/honeyscore/{ip}`: sure where a banner is tagged so.
pub(super) fn honeyscore(world: &World, ip: &str) -> Answer {
    let Ok(ip) = ip.parse::<IpAddr>() else { return Err(Refused::new(error(StatusCode::NOT_FOUND, "Invalid IP"))) };
    let mut archive = world.archive();
    let honeypot = archive.of(&[ip]).iter().any(|record| record.tags.iter().any(|tag| tag == "honeypot"));
    Ok(if honeypot { "1.0" } else { "0.0" }.into())
}

/// `InternetDB`'s one question.
pub(super) fn internetdb(world: &World, ip: &str) -> Answer {
    let Ok(ip) = ip.parse::<IpAddr>() else {
        let detail = json!({ "detail": [{ "loc": ["path", "ip"], "msg": "value is not a valid address", "type": "value_error" }] });
        let mut response = as_json(detail.to_string());
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(Refused::new(response));
    };
    let mut archive = world.archive();
    let records = archive.of(&[ip]);
    if records.is_empty() {
        return Err(Refused::new(nothing_known()));
    }
    Ok(json!({
        "ip": ip.to_string(),
        "ports": records.iter().map(|r| r.port).collect::<BTreeSet<_>>(),
        "hostnames": union(&records, |r| r.hostnames.clone()),
        "tags": union(&records, |r| r.tags.clone()),
        "cpes": union(&records, |r| r.cpes.clone()),
        "vulns": union(&records, |r| r.vulns.iter().filter(|cve| !cve.starts_with('!')).cloned().collect()),
    })
    .to_string())
}

fn union(records: &[&Record], of: impl Fn(&Record) -> Vec<String>) -> Value {
    json!(records.iter().flat_map(|record| of(record)).collect::<BTreeSet<_>>())
}
