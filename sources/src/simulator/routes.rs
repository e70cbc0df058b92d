use std::future::pending;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;

use super::fault::{Fault, Refused, as_json};
use super::request::Request;
use super::{
    World, account, directory, dns, exploits, hosts, monitor, notifiers, scans, search, stream, vulnerabilities,
};

/// JSON, or a refusal.
pub(super) type Answer = Result<String, Refused>;

/// What is sent: JSON that a fault may spoil, or something else as it is.
pub(super) enum Reply {
    Json(String),
    Whole(Response),
}

/// All endpoints.
pub(super) fn router(world: &Arc<World>) -> Router {
    Router::new().fallback(answer).with_state(world.clone())
}

async fn answer(
    State(world): State<Arc<World>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request::new(method, &uri, headers, &body);
    let passed = world.gate().pass(&request);
    let fault = match passed {
        Ok(fault) => fault,
        Err(Refused(response)) => return *response,
    };
    if fault == Some(Fault::Hang) {
        return pending().await;
    }
    match (route(&world, &request, fault), fault) {
        (Err(Refused(response)), _) => *response,
        (Ok(Reply::Whole(response)), _) => response,
        (Ok(Reply::Json(json)), Some(fault)) => fault.spoil(json),
        (Ok(Reply::Json(json)), None) => as_json(json),
    }
}

fn route(world: &Arc<World>, request: &Request, fault: Option<Fault>) -> Result<Reply, Refused> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let json = match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["shodan", "host", "search"]) => search::search(world, request, fault),
        ("GET", ["shodan", "host", "count"]) => search::count(world, request),
        ("GET", ["shodan", "host", "search", "tokens"]) => Ok(search::tokens(request)),
        ("GET", ["shodan", "host", "search", "facets"]) => Ok(search::facets()),
        ("GET", ["shodan", "host", "search", "filters"]) => Ok(search::filters()),
        ("GET", ["shodan", "host", ips]) => hosts::hosts(world, ips, request),
        ("GET", ["shodan", "ports"]) => Ok(directory::ports(world)),
        ("GET", ["shodan", "protocols"]) => Ok(directory::protocols(world)),
        ("GET", ["shodan", "services"]) => Ok(directory::services(world)),
        ("GET", ["shodan", "query", ..]) => directory::queries(&segments[2..]),
        ("GET", ["shodan", "data", ..]) => directory::data(&segments[2..]),
        (_, ["org", rest @ ..]) => directory::organization(world, request, rest),
        (_, ["shodan", "scan" | "scans", ..]) => scans::answer(world, request, &segments[1..]),
        (_, ["shodan", "alert", rest @ ..]) => monitor::answer(world, request, rest),
        (_, ["notifier", rest @ ..]) => notifiers::answer(world, request, rest),
        ("GET", ["account", "profile"]) => Ok(account::profile(world)),
        ("GET", ["api-info"]) => Ok(account::api_info(world)),
        ("GET", ["tools", "myip"]) => Ok("\"127.0.0.1\"".into()),
        ("GET", ["tools", "httpheaders"]) => Ok(account::http_headers(request)),
        ("GET", ["labs", "honeyscore", ip]) => hosts::honeyscore(world, ip),
        ("GET", ["dns", "resolve"]) => Ok(dns::resolve(world, request)),
        ("GET", ["dns", "reverse"]) => Ok(dns::reverse(world, request)),
        ("GET", ["dns", "domain", domain]) => dns::domain(world, request, domain),
        ("GET", ["trends", "api", "v1", "search", rest @ ..]) => search::trend(world, request, rest),
        ("GET", ["exploits", "api", what]) => exploits::answer(world, request, what),
        ("GET", ["internetdb", ip]) => hosts::internetdb(world, ip),
        ("GET", ["stream", "shodan", feed @ ..]) => return stream::open(world, request, feed).map(Reply::Whole),
        ("GET", ["cvedb" | "kev" | "epss" | "ssvc", ..]) => {
            return vulnerabilities::answer(world, request, &segments).map(Reply::Whole);
        }
        _ => Err(nowhere()),
    };
    json.map(Reply::Json)
}

/// What something in between says where there is nothing.
pub(super) fn nowhere() -> Refused {
    Refused::new(Fault::NotFoundHtml.answer().unwrap_or_default())
}
