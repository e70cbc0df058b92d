use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use serde_json::json;

use super::Bench;
use crate::client::{Client, PAGE, question};
use crate::figure::Spread;
use crate::process::{Served, Spent};
use crate::report::Line;

const GOAL_WALL_MS: f64 = 15.0;
const GOAL_CPU_MS: f64 = 10.0;
/// Between two tries to connect.
const PAUSE: Duration = Duration::from_micros(200);
/// A program that does not answer by then is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// What one start took.
struct Started {
    wall: Duration,
    spent: Spent,
}

pub(super) async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let filled = bench.filled().await?;
    let times = bench.either(5, 25);
    let (hello, page) = (question("{ __typename }", &json!({})), question(PAGE, &json!({})));
    let (mut fresh, mut warm, mut mended) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..times {
        let folder = tempfile::tempdir()?;
        let (server, started) = start(bench, &folder.path().join("data"), "", &hello).await?;
        server.end()?;
        fresh.push(started);
        let (server, started) = start(bench, filled.folder(), &filled.token, &page).await?;
        server.end()?;
        warm.push(started);
    }
    for _ in 0..times.min(5) {
        let (server, _) = start(bench, filled.folder(), &filled.token, &page).await?;
        server.kill()?;
        let (server, started) = start(bench, filled.folder(), &filled.token, &page).await?;
        server.end()?;
        mended.push(started);
    }
    let mut lines = lines("on a fresh store, `{ __typename }`", &fresh, true);
    lines.extend(self::lines("on 10 000 findings, the page of 50", &warm, true));
    lines.extend(self::lines("the same after SIGKILL", &mended, false));
    Ok(lines)
}

async fn start(bench: &Bench, folder: &Path, token: &str, question: &Bytes) -> Result<(Served, Started)> {
    let began = Instant::now();
    let server = Served::start(&bench.program, folder)?;
    let mut client = loop {
        match Client::connect(server.address(), token).await {
            Ok(client) => break client,
            Err(error) => ensure!(began.elapsed() < PATIENCE, "it does not start: {error:#}"),
        }
        tokio::time::sleep(PAUSE).await;
    };
    client.ask(question).await?;
    let started = Started { wall: began.elapsed(), spent: server.spent()? };
    Ok((server, started))
}

fn lines(on: &str, started: &[Started], judged: bool) -> Vec<Line> {
    let wall = Spread::of_times(started.iter().map(|s| s.wall));
    let cpu = Spread::of_times(started.iter().map(|s| s.spent.ran));
    let waited = Spread::of_times(started.iter().map(|s| s.spent.waited));
    let judge = |line: Line, goal: f64, median: f64| {
        if judged { line.goal(format!("≤ {goal} ms"), median <= goal) } else { line }
    };
    vec![
        judge(
            Line::new(format!("{on}: time"), format!("{wall}, of it waiting for a processor {waited}")),
            GOAL_WALL_MS,
            wall.median,
        ),
        judge(Line::new(format!("{on}: CPU"), cpu), GOAL_CPU_MS, cpu.median),
    ]
}
