use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use serde_json::json;

use super::inside::Inside;
use super::memory::reach;
use super::{Bench, filled};
use crate::banners::Devices;
use crate::client::{Client, Load, PAGE, all_pages, load, question};
use crate::figure::{Short, Spread, microseconds, milliseconds, number, percentile};
use crate::process::Served;
use crate::report::Line;
use crate::world::{SELDOM, World, azurite, clock};

const GOAL_CPU_US: f64 = 250.0;
const GOAL_P99_MS: f64 = 5.0;
const ROUNDS: usize = 3;
/// Networks on Azurite: it slows down with every row that it holds.
const NETWORKS_ON_AZURITE: u16 = 2;

pub(super) async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let filled = bench.filled().await?;
    let server = Served::start(&bench.program, filled.folder())?;
    let mut client = reach(&server, &filled.token).await?;
    let first = question(PAGE, &json!({}));
    let size = client.ask(&first).await?.len();
    let pages = all_pages(&mut client, usize::MAX).await?;
    let mut lines = vec![Line::new("findings in the store; bytes of a page", format!("{}; {size}", filled.findings))];
    let requests = bench.either(1_000, 10_000);
    let same = [first];
    for (which, questions) in [("the first page again", &same[..]), ("all pages in turn", &pages)] {
        for connections in [1, 64] {
            // Warm-up.
            load(server.address(), &filled.token, questions, connections, requests / 5).await?;
            let rounds = rounds(&server, &filled.token, questions, connections, requests).await?;
            lines.extend(judged(which, connections, &rounds));
        }
    }
    server.end()?;
    lines.extend(on_azurite(bench).await?);
    Ok(lines)
}

/// A round of requests, and the processor time of the server for each.
pub(super) struct Round {
    pub(super) load: Load,
    pub(super) cpu: Duration,
}

pub(super) async fn rounds(
    server: &Served,
    token: &str,
    pages: &[Bytes],
    connections: usize,
    requests: usize,
) -> Result<Vec<Round>> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let ran = server.spent()?.ran;
        let load = load(server.address(), token, pages, connections, requests).await?;
        rounds
            .push(Round { load, cpu: server.spent()?.ran.saturating_sub(ran).div_f64(number(requests + connections)) });
    }
    Ok(rounds)
}

fn judged(which: &str, connections: usize, rounds: &[Round]) -> Vec<Line> {
    let cpu = Spread::of("µs", rounds.iter().map(|round| microseconds(round.cpu)));
    let at = |hundredth| Spread::of_times(rounds.iter().map(|round| percentile(&round.load.latencies, hundredth)));
    let rate =
        Spread::of("/s", rounds.iter().map(|round| number(round.load.latencies.len()) / round.load.wall.as_secs_f64()));
    let what = format!("{which}, {connections} connection{}", if connections == 1 { "" } else { "s" });
    let p99 = Line::new(format!("{what}: p99"), at(99));
    let low = connections == 1;
    vec![
        Line::new(format!("{what}: CPU of the server per request"), cpu)
            .goal(format!("≤ {GOAL_CPU_US} µs"), cpu.median <= GOAL_CPU_US),
        Line::new(format!("{what}: requests"), rate),
        Line::new(format!("{what}: p50"), at(50)),
        if low { p99.goal(format!("≤ {GOAL_P99_MS} ms"), at(99).median <= GOAL_P99_MS) } else { p99 },
    ]
}

/// The same server in this process, so that its requests to the store can be counted.
async fn on_azurite(bench: &Bench) -> Result<Vec<Line>> {
    let Some(emulated) = azurite()? else {
        return Ok(vec![Line::new("on Azurite", "not measured: it is not installed")]);
    };
    let clock = clock();
    let devices = Devices::in_networks(NETWORKS_ON_AZURITE, filled::HOSTS, app::ports::Clock::now(&*clock)).await?;
    let simulator = devices.simulator().await?;
    let world = World::on(Arc::clone(&emulated.azure), clock, &simulator).await?;
    world.watch(devices.networks.iter().map(ToString::to_string), SELDOM).await?;
    world.tick().await?;
    let findings = world.findings().await?;
    let world = world.restarted()?;
    let server = Inside::of(&world).await?;
    let reads = || {
        let sent = emulated.azure.transactions();
        sent.reads + sent.queries
    };
    let mut client = Client::connect(server.address, &world.token).await?;
    let before = reads();
    client.ask(&question(PAGE, &json!({}))).await?;
    let cold = reads() - before;
    let pages = all_pages(&mut client, usize::MAX).await?;
    let requests = bench.either(50, 200);
    let mut lines = vec![Line::new(format!("on Azurite, {findings} findings, first page of a process: reads"), cold)];
    for (which, questions) in [("the first page again", &pages[..1]), ("all pages in turn", &pages)] {
        client.ask(&questions[0]).await?;
        let before = reads();
        let load = load(server.address, &world.token, questions, 1, requests).await?;
        let each = number(reads() - before) / number(requests + 1);
        let [half, most] = [50, 99].map(|hundredth| milliseconds(percentile(&load.latencies, hundredth)));
        lines.push(Line::new(format!("on Azurite, {which}: reads per query"), Short(each)));
        lines.push(Line::new(
            format!("on Azurite, {which}: p50; p99"),
            format!("{} ms; {} ms", Short(half), Short(most)),
        ));
    }
    Ok(lines)
}
