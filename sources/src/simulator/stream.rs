use std::collections::{HashSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};
use shodan_client::query::filter;
use tokio::sync::watch;

use super::World;
use super::fault::Refused;
use super::query::Query;
use super::request::Request;
use super::routes::nowhere;
use super::state::{Alert, networks};

/// Between two lines of a stream.
const BEAT: Duration = Duration::from_millis(20);
/// Between two heartbeats of one that stays open.
const SILENCE: Duration = Duration::from_secs(1);

/// `/stream/shodan/…`: everything that the feed concerns, once; then the stream ends, as streams do in the end, or
/// stays open and tells what comes to it.
pub(super) fn open(world: &Arc<World>, request: &Request, feed: &[&str]) -> Result<Response, Refused> {
    let feed: Vec<String> = feed.iter().map(|&segment| segment.to_owned()).collect();
    let query = request.parameter("query").unwrap_or_default().to_owned();
    let first = lines(world, &feed, &query)?;
    // A blank line first, as a heartbeat, unless the client wants none.
    let beats = request.parameter("heartbeat").is_none_or(|wanted| wanted.eq_ignore_ascii_case("true"));
    let changes = world.changes.as_ref().map(watch::Sender::subscribe);
    let told = first.iter().cloned().collect();
    let ready = beats.then(String::new).into_iter().chain(first).collect();
    let telling = Telling { world: Arc::clone(world), feed, query, beats, ready, told, changes };
    let lines = stream::unfold(telling, |mut telling| async move {
        let line = telling.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(line + "\n")), telling))
    });
    Ok(Body::from_stream(lines).into_response())
}

/// A stream on its way.
struct Telling {
    world: Arc<World>,
    feed: Vec<String>,
    query: String,
    beats: bool,
    ready: VecDeque<String>,
    told: HashSet<String>,
    changes: Option<watch::Receiver<u64>>,
}

impl Telling {
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                tokio::time::sleep(BEAT).await;
                return Some(line);
            }
            match tokio::time::timeout(SILENCE, self.changes.as_mut()?.changed()).await {
                Ok(Ok(())) => {
                    let now = lines(&self.world, &self.feed, &self.query).unwrap_or_default();
                    self.ready.extend(now.into_iter().filter(|line| self.told.insert(line.clone())));
                }
                Ok(Err(_)) => return None,
                Err(_) if self.beats => return Some(String::new()),
                Err(_) => {}
            }
        }
    }
}

/// All that a feed concerns at this moment.
fn lines(world: &World, feed: &[String], query: &str) -> Result<Vec<String>, Refused> {
    let feed: Vec<&str> = feed.iter().map(String::as_str).collect();
    Ok(match feed.as_slice() {
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
        ["custom"] => found(world, query, None),
        _ => return Err(nowhere()),
    })
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
