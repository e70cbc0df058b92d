use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use app::App;
use app::directory::{Direction, Directories, Order};
use app::findings::{FindingFilter, TriageRequest, page, triage};
use app::ports::{Clock, Table, Value};
use domain::finding::FindingState;
use domain::ids::Bucket;
use serde_json::json;

use super::Bench;
use super::filled::{HOSTS, NETWORKS};
use super::memory::{reach, shown};
use crate::banners::Devices;
use crate::client::{PAGE, question};
use crate::figure::{Short, Spread, number};
use crate::process::Served;
use crate::report::Line;
use crate::world::{SELDOM, World, clock, embedded};

const TIMES: usize = 9;

pub(super) async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for times in if bench.quick { &[1][..] } else { &[1, 10] } {
        lines.extend(of(bench, NETWORKS * times).await?);
    }
    Ok(lines)
}

async fn of(bench: &Bench, networks: u16) -> Result<Vec<Line>> {
    let folder = tempfile::tempdir()?;
    let time = clock();
    let devices = Devices::in_networks(networks, HOSTS, time.now()).await?;
    let simulator = devices.simulator().await?;
    let world = World::on(embedded(folder.path(), &time)?, time, &simulator).await?;
    world.watch(devices.networks.iter().map(ToString::to_string), SELDOM).await?;
    world.tick().await?;
    let findings = world.findings().await?;
    let mut lines = vec![rows(&world).await?];
    let (mut cold, mut world) = (Vec::new(), world);
    for _ in 0..TIMES {
        world = world.restarted()?;
        let began = Instant::now();
        world.app.snapshot(&world.owner.org, Bucket::default()).await?;
        cold.push(began.elapsed());
    }
    lines.push(Line::new("read and decoded by a process that knows nothing", Spread::of_times(cold)));
    let mut first = Vec::new();
    for _ in 0..TIMES {
        world = world.restarted()?;
        first.push(open(&world).await?);
    }
    lines.push(Line::new("first page of 50 by risk, directory included", Spread::of_times(first)));
    let mut warm = Vec::new();
    for _ in 0..TIMES {
        warm.push(open(&world).await?);
    }
    lines.push(Line::new("the page again", Spread::of_times(warm)));
    lines.extend(change(&world).await?);
    // A server that starts on a full queue has other things in its memory than the directory.
    app::notify::drain(&world.app, usize::MAX).await?;
    let token = world.token.clone();
    drop(world);
    lines.push(memory(bench, folder.path(), &token).await?);
    Ok(lines.into_iter().map(|line| line.under(&format!("{findings} findings"))).collect())
}

/// How many chunks there are, and what they take.
async fn rows(world: &World) -> Result<Line> {
    let (head, _) = world.app.snapshot(&world.owner.org, Bucket::default()).await?;
    let partition = app::ledger::partition(&world.owner.org, Bucket::default());
    let mut bytes = 0;
    for chunk in 0..u16::try_from(head.chunks.len())? {
        let row = world.app.tables.get(Table::Exposure, &partition, &Directories::row(chunk)).await?;
        let row = row.context("a chunk is missing")?;
        if let Some(Value::Bytes(entries)) = row.column("entries") {
            bytes += entries.len();
        }
    }
    Ok(Line::new("rows; bytes", format!("{}; {}", head.chunks.len(), Short(number(bytes)))))
}

async fn open(world: &World) -> Result<Duration> {
    let began = Instant::now();
    let by_risk = (Order::Risk, Direction::Descending);
    page(&world.app, &world.owner, &FindingFilter::default(), by_risk, (None, 50, false)).await?;
    Ok(began.elapsed())
}

/// A person acknowledges findings, one after the other; each time somebody looks at the list again.
async fn change(world: &World) -> Result<Vec<Line>> {
    let app: &App = &world.app;
    let by_risk = (Order::Risk, Direction::Descending);
    let listed = page(app, &world.owner, &FindingFilter::default(), by_risk, (None, TIMES, false)).await?;
    let (mut times, mut looks) = (Vec::new(), Vec::new());
    world.store.take();
    for item in listed.items {
        let request = TriageRequest {
            ids: vec![item.finding.id.clone()],
            state: FindingState::Acknowledged,
            reason: None,
            note: None,
            until: None,
            tripwires: None,
            approved_by: None,
            epss_above: None,
        };
        let began = Instant::now();
        triage(app, &world.owner, &request).await?;
        times.push(began.elapsed());
        looks.push(open(world).await?);
    }
    let bytes = number(world.store.take().bytes) / number(times.len());
    Ok(vec![
        Line::new("one finding acknowledged", Spread::of_times(times)),
        Line::new("bytes written for that", Short(bytes)),
        Line::new("the page after that", Spread::of_times(looks)),
    ])
}

/// What the directory adds to the memory of a server.
async fn memory(bench: &Bench, folder: &std::path::Path, token: &str) -> Result<Line> {
    let server = Served::start(&bench.program, folder)?;
    let mut client = reach(&server, token).await?;
    client.ask(&question("{ viewer { user { id } } }", &json!({}))).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = server.resident()?;
    client.ask(&question(PAGE, &json!({}))).await?;
    let after = server.resident()?;
    server.end()?;
    Ok(Line::new("memory of `serve` before the first page; after it", format!("{}; {}", shown(before), shown(after))))
}
