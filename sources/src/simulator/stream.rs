use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use shodan_client::query::filter;

use super::World;
use super::fault::Refused;
use super::query::Query;
use super::request::Request;
use super::routes::nowhere;
use super::state::{Alert, networks};

/// Between two lines of a stream.
const BEAT: Duration = Duration::from_millis(20);

/// `/stream/shodan/…`: everything that the feed concerns, once; then the stream ends, as streams do.
pub(super) fn open(world: &World, request: &Request, feed: &[&str]) -> Result<Response, Refused> {
    let lines = match feed {
        ["alert"] => alerts(world, None)?,
        ["alert", id] => alerts(world, Some(id))?,
        ["banners"] => found(world, "", None),
        ["asn", list] => {
            let names: Vec<String> = list.split(',').map(|n| format!("AS{}", n.trim_start_matches("AS"))).collect();
            found(world, &format!("asn:{}", names.join(",")), None)
        }
        ["countries", list] => found(world, &format!("country:{list}"), None),
        ["ports", list] => found(world, &format!("port:{list}"), None),
        ["vulns", list] => found(world, &format!("vuln:{list}"), None),
        ["tags", list] => found(world, &format!("tag:{list}"), None),
        ["custom"] => found(world, request.parameter("query").unwrap_or_default(), None),
        _ => return Err(nowhere()),
    };
    // A blank line first, as a heartbeat, unless the client wants none.
    let beat = request.parameter("heartbeat").is_none_or(|wanted| wanted.eq_ignore_ascii_case("true"));
    let first = beat.then(String::new);
    let lines = stream::iter(first.into_iter().chain(lines)).then(|line| async move {
        tokio::time::sleep(BEAT).await;
        Ok::<_, Infallible>(Bytes::from(line + "\n"))
    });
    Ok(Body::from_stream(lines).into_response())
}

fn alerts(world: &World, id: Option<&str>) -> Result<Vec<String>, Refused> {
    let state = world.state();
    let wanted: Vec<_> = state.alerts.iter().filter(|(known, _)| id.is_none_or(|id| id == *known)).collect();
    if id.is_some() && wanted.is_empty() {
        return Err(nowhere());
    }
    Ok(wanted.into_iter().flat_map(|(id, alert)| watched(world, id, alert)).collect())
}

fn watched(world: &World, id: &str, alert: &Alert) -> Vec<String> {
    let list = networks(&alert.ips).iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let mark = json!({ "id": id, "name": alert.name, "trigger": alert.triggers.keys().next() });
    found(world, &filter("net", &list).replace('"', ""), Some(&mark))
}

fn found(world: &World, query: &str, mark: Option<&Value>) -> Vec<String> {
    let mut archive = world.archive();
    let records = archive.search(&Query::read(query));
    let lines = records.into_iter().map(|record| match (mark, serde_json::from_str::<Value>(&record.json)) {
        (Some(mark), Ok(mut banner)) => {
            banner["_shodan"]["alert"] = mark.clone();
            banner.to_string()
        }
        _ => record.json.replace('\n', " "),
    });
    lines.collect()
}
