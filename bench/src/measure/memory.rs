use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use super::Bench;
use crate::client::{Client, PAGE, load, question};
use crate::figure::{Short, number};
use crate::process::Served;
use crate::report::Line;

const GOAL_MB: f64 = 15.0;
const CONNECTIONS: usize = 64;
/// The first tick is over by then.
const REST: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let filled = bench.filled().await?;
    let empty = tempfile::tempdir()?;
    let server = Served::start(&bench.program, &empty.path().join("data"))?;
    let hello = question("{ __typename }", &json!({}));
    reach(&server, "").await?.ask(&hello).await?;
    tokio::time::sleep(REST).await;
    let idle = megabytes(&server)?;
    server.end()?;
    let server = Served::start(&bench.program, filled.folder())?;
    let page = question(PAGE, &json!({}));
    reach(&server, &filled.token).await?;
    tokio::time::sleep(REST).await;
    let unasked = megabytes(&server)?;
    let mut client = reach(&server, &filled.token).await?;
    client.ask(&page).await?;
    let once = megabytes(&server)?;
    let requests = bench.either(2_000, 20_000);
    load(server.address(), &filled.token, &[page], CONNECTIONS, requests).await?;
    let loaded = megabytes(&server)?;
    server.end()?;
    let line = |what: &str, figure: f64| Line::new(what, format!("{} MB", Short(figure)));
    let goal = format!("≤ {GOAL_MB} MB");
    Ok(vec![
        line("at rest on an empty store, after one answer", idle).goal(&goal, idle <= GOAL_MB),
        line("at rest on 10 000 findings, before anybody asked", unasked).goal(&goal, unasked <= GOAL_MB),
        line("after the first page of 50", once),
        line(&format!("after {requests} pages over {CONNECTIONS} connections"), loaded),
    ])
}

/// A connection to a program that is starting.
pub(super) async fn reach(server: &Served, token: &str) -> Result<Client> {
    let began = Instant::now();
    loop {
        match Client::connect(server.address(), token).await {
            Ok(client) => return Ok(client),
            Err(error) => ensure!(began.elapsed() < PATIENCE, "it does not start: {error:#}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Its resident memory.
pub(super) fn megabytes(server: &Served) -> Result<f64> {
    Ok(number(server.resident()?) / 1e6)
}
