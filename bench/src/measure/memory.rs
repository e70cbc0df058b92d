use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use super::Bench;
use crate::client::{Client, PAGE, load, question};
use crate::figure::{Short, number};
use crate::process::{Resident, Served};
use crate::report::Line;

const GOAL_MB: f64 = 15.0;
const CONNECTIONS: usize = 64;
/// The first tick is over by then.
const REST: Duration = Duration::from_secs(2);
/// Between two tries to connect.
const PAUSE: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let filled = bench.filled().await?;
    let empty = tempfile::tempdir()?;
    let server = Served::start(&bench.program, &empty.path().join("data"))?;
    let hello = question("{ __typename }", &json!({}));
    reach(&server, "").await?.ask(&hello).await?;
    tokio::time::sleep(REST).await;
    let idle = server.resident()?;
    server.end()?;
    let server = Served::start(&bench.program, filled.folder())?;
    let page = question(PAGE, &json!({}));
    reach(&server, &filled.token).await?;
    tokio::time::sleep(REST).await;
    let unasked = server.resident()?;
    let mut client = reach(&server, &filled.token).await?;
    client.ask(&page).await?;
    let once = server.resident()?;
    let requests = bench.either(2_000, 20_000);
    load(server.address(), &filled.token, &[page], CONNECTIONS, requests).await?;
    let loaded = server.resident()?;
    server.end()?;
    let line = |what: &str, taken: Resident| Line::new(what, shown(taken));
    let goal = |line: Line, taken: Resident| line.goal(format!("≤ {GOAL_MB} MB"), number(taken.all) / 1e6 <= GOAL_MB);
    Ok(vec![
        goal(line("at rest on an empty store, after one answer", idle), idle),
        goal(line("at rest on 10 000 findings, before anybody asked", unasked), unasked),
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
        tokio::time::sleep(PAUSE).await;
    }
}

/// Megabytes, and those that are not pages of the program's file.
pub(super) fn shown(taken: Resident) -> String {
    format!("{} MB, {} of its own", Short(number(taken.all) / 1e6), Short(number(taken.own) / 1e6))
}
