use axum::http::StatusCode;
use serde_json::{Value, json};

use super::World;
use super::fault::{Fault, Refused, error};
use super::request::Request;
use super::routes::{Answer, nowhere};
use super::state::networks;

/// The states of a scan; each look at one moves it on.
const STATES: [&str; 4] = ["SUBMITTING", "QUEUE", "PROCESSING", "DONE"];

/// A scan that was asked for.
#[derive(Debug)]
pub(super) struct Scan {
    id: String,
    size: u64,
    created: String,
    looks: usize,
    /// The addresses that were named.
    wanted: Vec<ipnet::IpNet>,
}

/// Everything at `/shodan/scan` and `/shodan/scans`.
pub(super) fn answer(world: &World, request: &Request, path: &[&str]) -> Answer {
    let created = world.archive().newest();
    let mut state = world.state();
    match (request.method.as_str(), path) {
        ("POST", ["scan"]) => {
            let wanted = wanted(request.parameter("ips").unwrap_or_default()).unwrap_or_default();
            let size = shodan_client::addresses(&wanted);
            if size == 0 {
                return Err(Refused::new(error(StatusCode::BAD_REQUEST, "Invalid IP or network")));
            }
            if let Some(left) = state.scan_credits {
                let rest = u32::try_from(size).ok().and_then(|size| left.checked_sub(size));
                let words =
                    "Insufficient scan credits, please upgrade your API plan or wait for the monthly limit to reset";
                state.scan_credits = Some(rest.ok_or_else(|| Refused::new(error(StatusCode::FORBIDDEN, words)))?);
            }
            let id = state.next_id('S');
            state.scans.push(Scan { id: id.clone(), size, created, looks: 0, wanted });
            let left = state.scan_credits.map_or(json!(-1), Value::from);
            Ok(json!({ "count": size, "id": id, "credits_left": left }).to_string())
        }
        // For Enterprise only, which this account is not.
        ("POST", ["scan", "internet"]) => Err(Refused::new(Fault::Forbidden.answer().unwrap_or_default())),
        ("GET", ["scans"]) => {
            let key = request.parameter("key").unwrap_or_default();
            let shown = |scan: &Scan| {
                json!({ "status": scan.state(), "created": scan.created, "status_check": scan.created,
                    "credits_left": -1, "api_key": key, "id": scan.id, "size": scan.size })
            };
            Ok(json!({ "matches": state.scans.iter().rev().map(shown).collect::<Vec<_>>(), "total": state.scans.len() })
                .to_string())
        }
        ("GET", ["scan", id]) => {
            let unknown = || Refused::new(error(StatusCode::NOT_FOUND, "Invalid scan ID"));
            let scan = state.scans.iter_mut().find(|scan| scan.id == *id).ok_or_else(unknown)?;
            let answer = json!({ "count": scan.size, "status": scan.state(), "id": scan.id, "created": scan.created });
            scan.looks += 1;
            let done = (scan.state() == "DONE").then(|| (scan.id.clone(), scan.wanted.clone()));
            drop(state);
            if let Some((id, wanted)) = done {
                world.archive().scanned(&id, &wanted);
            }
            Ok(answer.to_string())
        }
        _ => Err(nowhere()),
    }
}

impl Scan {
    fn state(&self) -> &'static str {
        STATES[self.looks.min(STATES.len() - 1)]
    }
}

/// What is wanted: a list between commas, or JSON with services. `None`: neither.
fn wanted(ips: &str) -> Option<Vec<ipnet::IpNet>> {
    let texts: Vec<String> = match serde_json::from_str::<Value>(ips) {
        Ok(Value::Object(named)) => named.keys().cloned().collect(),
        _ => ips.split(',').map(str::to_owned).collect(),
    };
    let networks = networks(&texts);
    (networks.len() == texts.len()).then_some(networks)
}
