use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use shodan_client::banner::fields;

use super::World;
use super::fault::{Refused, error};
use super::request::Request;
use super::routes::{Answer, nowhere};

/// `/shodan/ports`: those that the data shows.
pub(super) fn ports(world: &World) -> String {
    let mut archive = world.archive();
    let ports: BTreeSet<u16> = archive.all().iter().map(|record| record.port).collect();
    json!(ports).to_string()
}

/// `/shodan/protocols`: the modules of the data.
pub(super) fn protocols(world: &World) -> String {
    let mut archive = world.archive();
    let modules: BTreeSet<String> =
        archive.all().iter().filter_map(|record| fields::module(&record.members())).collect();
    let described: BTreeMap<&String, String> =
        modules.iter().map(|name| (name, format!("Grabs a banner of {name}"))).collect();
    json!(described).to_string()
}

/// `/shodan/services`: ports and their modules.
pub(super) fn services(world: &World) -> String {
    let mut archive = world.archive();
    let named = archive.all().iter().map(|record| (record.port, fields::module(&record.members()).unwrap_or_default()));
    json!(named.collect::<BTreeMap<_, _>>()).to_string()
}

/// `/shodan/query…`: one query that somebody shared.
pub(super) fn queries(rest: &[&str]) -> Answer {
    let query = json!({ "votes": 3, "description": "Controllers that speak Modbus", "tags": ["ics", ""],
        "timestamp": "2026-02-01T10:00:00.000000", "title": "Modbus", "query": "port:502" });
    match rest {
        [] | ["search"] => Ok(json!({ "matches": [query], "total": 1 }).to_string()),
        ["tags"] => Ok(json!({ "matches": [{ "count": 1, "value": "ics" }], "total": 1 }).to_string()),
        _ => Err(nowhere()),
    }
}

/// `/shodan/data…`: one set of one file.
pub(super) fn data(rest: &[&str]) -> Answer {
    let set = json!([{ "scope": "daily", "name": "raw-daily", "description": "Everything of a day" }]);
    let file = json!([{ "url": "http://127.0.0.1/raw-daily/2026-03-14.json.gz", "timestamp": 1_773_446_400_000_i64,
        "sha1": "da39a3ee5e6b4b0d3255bfef95601890afd80709", "name": "2026-03-14.json.gz", "size": 0 }]);
    match rest {
        [] => Ok(set.to_string()),
        ["raw-daily"] => Ok(file.to_string()),
        _ => Err(Refused::new(error(StatusCode::NOT_FOUND, "Invalid dataset"))),
    }
}

/// `/org…`
pub(super) fn organization(world: &World, request: &Request, rest: &[&str]) -> Answer {
    let mut state = world.state();
    match (&request.method, rest) {
        (&Method::GET, []) => {
            let person = |name: &String| json!({ "username": name, "email": format!("{name}@acme.example") });
            let members: Vec<Value> = state.members.iter().map(person).collect();
            let organization = json!({ "name": "Acme Utilities", "created": "2020-09-30T15:41:48.073000",
                "admins": [person(&"owner".to_owned())], "members": members, "upgrade_type": "stream-100",
                "domains": ["acme.example"], "logo": false, "id": "9SY4CzpFTb6Bg7RX" });
            Ok(organization.to_string())
        }
        (&Method::PUT, ["member", user]) => {
            state.members.insert((*user).to_owned());
            Ok(r#"{"success":true}"#.into())
        }
        (&Method::DELETE, ["member", user]) if state.members.remove(*user) => Ok(r#"{"success":true}"#.into()),
        (&Method::DELETE, ["member", _]) => Err(Refused::new(error(StatusCode::NOT_FOUND, "Invalid user"))),
        _ => Err(nowhere()),
    }
}
