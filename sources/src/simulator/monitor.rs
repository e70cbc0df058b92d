use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::World;
use super::fault::{Refused, error};
use super::request::Request;
use super::routes::{Answer, nowhere};
use super::state::{Alert, State, networks};

/// What can set an alert off, with its rule.
const TRIGGERS: [(&str, &str, &str); 12] = [
    ("any", "*", "Match any service that is discovered"),
    ("industrial_control_system", "tag:ics", "Services of industrial control systems"),
    ("internet_scanner", "tag:scanner", "Device has been seen scanning the Internet"),
    ("iot", "tag:iot", "Services of the Internet of Things"),
    ("malware", "tag:compromised,malware", "Compromised or malware-related services"),
    ("new_service", "", "A service that was not seen before"),
    ("open_database", "tag:database -port:3306,5432,9306,1434", "Database that asks for no password"),
    ("ssl_expired", "ssl.cert.expired:true", "Certificate that has ended"),
    ("uncommon", "-port:22,80,443,7547", "Services that should not be public"),
    ("uncommon_plus", "", "Services that should not be public, with more ports left out"),
    ("vulnerable", "", "A vulnerability that was tested"),
    ("vulnerable_unverified", "", "A vulnerability that was concluded"),
];
const DONE: &str = r#"{"success":true}"#;

/// Everything below `/shodan/alert`.
pub(super) fn answer(world: &World, request: &Request, rest: &[&str]) -> Answer {
    let created = world.archive().newest();
    let mut state = world.state();
    match (request.method.as_str(), rest) {
        ("GET", ["triggers"]) => Ok(triggers()),
        ("GET", ["info"]) => {
            let all: Vec<Value> = state.alerts.iter().map(|(id, alert)| alert.json(id, &state.notifiers)).collect();
            Ok(Value::Array(all).to_string())
        }
        ("POST", []) => create(&mut state, request, created),
        ("GET", [id, "info"]) => known(&mut state, id).map(drop).map(|()| shown(&state, id)),
        ("POST", [id]) => edit(&mut state, request, id),
        ("DELETE", [id]) => {
            // It says nothing of success, whatever the documentation shows.
            state.alerts.remove(*id).map(|_| "{}".to_owned()).ok_or_else(unknown)
        }
        ("PUT" | "DELETE", [id, "trigger", names, ignore @ ..]) => {
            trigger(known(&mut state, id)?, &request.method, names, ignore)
        }
        ("PUT" | "DELETE", [id, "notifier", notifier]) => {
            if !state.notifiers.contains_key(*notifier) {
                return Err(Refused::new(error(StatusCode::NOT_FOUND, "Invalid notifier")));
            }
            let alert = known(&mut state, id)?;
            if request.method == Method::PUT {
                alert.notifiers.insert((*notifier).to_owned());
            } else {
                alert.notifiers.remove(*notifier);
            }
            Ok(DONE.into())
        }
        _ => Err(nowhere()),
    }
}

fn triggers() -> String {
    let each =
        TRIGGERS.map(|(name, rule, description)| json!({ "name": name, "rule": rule, "description": description }));
    json!(each).to_string()
}

fn create(state: &mut State, request: &Request, created: String) -> Answer {
    let ips = ips(&request.json)?;
    let wanted = shodan_client::addresses(&networks(&ips));
    if state.monitored_ips().saturating_add(wanted) > u64::from(state.monitored_ips_limit) {
        let words = "You have reached the maximum number of monitored IPs, please upgrade your plan";
        return Err(Refused::new(error(StatusCode::FORBIDDEN, words)));
    }
    let id = state.next_id('A');
    let alert = Alert {
        name: request.json["name"].as_str().unwrap_or_default().to_owned(),
        created,
        expires: request.json["expires"].as_u64().unwrap_or(0),
        ips,
        triggers: std::collections::BTreeMap::new(),
        notifiers: std::collections::BTreeSet::new(),
    };
    state.alerts.insert(id.clone(), alert);
    Ok(shown(state, &id))
}

fn edit(state: &mut State, request: &Request, id: &str) -> Answer {
    let ips = ips(&request.json)?;
    known(state, id)?.ips = ips;
    Ok(shown(state, id))
}

/// `/trigger/{names}` and `/trigger/{name}/ignore/{ip:port}[/{CVEs}]`
fn trigger(alert: &mut Alert, method: &Method, names: &str, ignore: &[&str]) -> Answer {
    let names: Vec<&str> = names.split(',').collect();
    if names.iter().any(|name| !TRIGGERS.iter().any(|(known, ..)| known == name)) {
        return Err(Refused::new(error(StatusCode::BAD_REQUEST, "Invalid trigger")));
    }
    let on = method == Method::PUT;
    match (ignore, names.as_slice()) {
        ([], _) if on => alert.triggers.extend(names.iter().map(|name| ((*name).to_owned(), Vec::new()))),
        ([], _) => alert.triggers.retain(|name, _| !names.contains(&name.as_str())),
        (["ignore", place, cves @ ..], [name]) => {
            let (ip, port) = place.rsplit_once(':').ok_or_else(nowhere)?;
            let port: u16 = port.parse().map_err(|_| nowhere())?;
            let ignored = alert.triggers.get_mut(*name).ok_or_else(nowhere)?;
            ignored.retain(|known| known["ip"] != ip || known["port"] != port);
            if on {
                let cves: Vec<&str> = cves.first().map(|cves| cves.split(',').collect()).unwrap_or_default();
                ignored.push(json!({ "ip": ip, "port": port, "vulns": cves }));
            }
        }
        _ => return Err(nowhere()),
    }
    Ok(DONE.into())
}

/// `filters.ip` of a body: a list, or a single text.
fn ips(body: &Value) -> Result<Vec<String>, Refused> {
    let given = &body["filters"]["ip"];
    let texts: Vec<String> = match given {
        Value::String(one) => vec![one.clone()],
        many => many.as_array().into_iter().flatten().filter_map(|ip| ip.as_str().map(str::to_owned)).collect(),
    };
    if texts.is_empty() || networks(&texts).len() != texts.len() {
        return Err(Refused::new(error(StatusCode::BAD_REQUEST, "Invalid IP or network")));
    }
    Ok(texts)
}

fn known<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Alert, Refused> {
    state.alerts.get_mut(id).ok_or_else(unknown)
}

fn shown(state: &State, id: &str) -> String {
    state.alerts.get(id).map(|alert| alert.json(id, &state.notifiers).to_string()).unwrap_or_default()
}

fn unknown() -> Refused {
    Refused::new(error(StatusCode::NOT_FOUND, "Invalid alert ID"))
}
