use std::collections::BTreeSet;
use std::future::pending;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::World;
use super::fault::{Fault, as_json, error, nothing_known};
use super::gate::parameter;
use super::query::Query;
use super::record::{Record, owned};
use shodan_client::lenient::Object;

/// How many banners an unstable page repeats of the one before.
const REPEATED: usize = 10;

type Answer = Result<String, Box<Response>>;

/// All endpoints.
pub(super) fn router(world: &Arc<World>) -> Router {
    Router::new().fallback(answer).with_state(world.clone())
}

async fn answer(State(world): State<Arc<World>>, uri: Uri) -> Response {
    let passed = world.gate().pass(&uri);
    let fault = match passed {
        Ok(fault) => fault,
        Err(refusal) => return *refusal,
    };
    if fault == Some(Fault::Hang) {
        return pending().await;
    }
    match (route(&world, &uri, fault), fault) {
        (Err(refusal), _) => *refusal,
        (Ok(json), Some(fault)) => fault.spoil(json),
        (Ok(json), None) => as_json(json),
    }
}

fn route(world: &World, uri: &Uri, fault: Option<Fault>) -> Answer {
    let path = uri.path();
    match path {
        "/shodan/host/search" => search(world, uri, fault),
        "/shodan/host/count" => Ok(count(world, uri)),
        "/dns/resolve" => Ok(resolve(world, uri)),
        "/api-info" => Ok(api_info(world)),
        _ => match (path.strip_prefix("/shodan/host/"), path.strip_prefix("/internetdb/")) {
            (Some(ips), _) => hosts(world, ips, parameter(uri, "minify").is_some_and(|minify| minify == "true")),
            (_, Some(ip)) => internetdb(world, ip),
            _ => Err(Box::new(Fault::NotFoundHtml.answer().unwrap_or_default())),
        },
    }
}

fn search(world: &World, uri: &Uri, fault: Option<Fault>) -> Answer {
    let query = Query::read(&parameter(uri, "query").unwrap_or_default());
    let page: usize = parameter(uri, "page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1);
    if query.has_filter() || page > 1 {
        world.gate().pay()?;
    }
    let mut archive = world.archive();
    let found = archive.search(&query);
    let size = world.page_size;
    let first = (page - 1) * size;
    let (first, length, total) = match fault {
        Some(Fault::ShortPage) => (first, size.div_ceil(2), found.len()),
        Some(Fault::UnstablePaging) => (first.saturating_sub(REPEATED), size, found.len() + (page - 1) * 7),
        _ => (first, size, found.len()),
    };
    let matches: Vec<&str> = found.iter().skip(first).take(length).map(|record| record.json.as_str()).collect();
    Ok(format!(r#"{{"matches":[{}],"total":{total}}}"#, matches.join(",")))
}

fn count(world: &World, uri: &Uri) -> String {
    let query = Query::read(&parameter(uri, "query").unwrap_or_default());
    json!({ "matches": [], "total": world.archive().search(&query).len() }).to_string()
}

fn resolve(world: &World, uri: &Uri) -> String {
    let names = parameter(uri, "hostnames").unwrap_or_default();
    let mut archive = world.archive();
    let found = names.split(',').filter(|name| !name.is_empty()).map(|name| {
        let ip = archive.resolve(name).map(|ip| ip.to_string());
        (name.to_owned(), Value::from(ip))
    });
    Value::Object(found.collect()).to_string()
}

fn api_info(world: &World) -> String {
    let credits = world.gate().credits;
    let left = |credits: Option<u32>| credits.map_or(json!(-1), Value::from);
    json!({
        "plan": "simulator", "https": true, "unlocked": true, "telnet": true, "unlocked_left": left(credits),
        "query_credits": left(credits), "scan_credits": 0, "monitored_ips": 0,
        "usage_limits": { "query_credits": if credits.is_none() { -1 } else { 10_000 }, "scan_credits": 0, "monitored_ips": 16 },
    })
    .to_string()
}

fn hosts(world: &World, ips: &str, minify: bool) -> Answer {
    let ips: Option<Vec<IpAddr>> = ips.replace("%2C", ",").split(',').map(|ip| ip.parse().ok()).collect();
    let Some(ips) = ips else { return Err(Box::new(error(StatusCode::NOT_FOUND, "Invalid IP"))) };
    let mut archive = world.archive();
    let mut found: Vec<String> = Vec::new();
    for ip in &ips {
        let records = archive.of(&[*ip]);
        if !records.is_empty() {
            found.push(host(*ip, &records, minify));
        }
    }
    match found.len() {
        0 => Err(Box::new(nothing_known())),
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

fn internetdb(world: &World, ip: &str) -> Answer {
    let Ok(ip) = ip.parse::<IpAddr>() else {
        let detail = json!({ "detail": [{ "loc": ["path", "ip"], "msg": "value is not a valid address", "type": "value_error" }] });
        let mut response = as_json(detail.to_string());
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(Box::new(response));
    };
    let mut archive = world.archive();
    let records = archive.of(&[ip]);
    if records.is_empty() {
        return Err(Box::new(nothing_known()));
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
