use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use bytes::Bytes;
use serde_json::json;

use crate::client::{Client, PAGE, all_pages, load, question};
use crate::figure::{Short, Spread, microseconds, percentile};
use crate::measure::Bench;
use crate::measure::memory::{reach, shown};
use crate::measure::page::{Round, rounds};
use crate::process::{Resident, Served};
use crate::report::Line;

/// Storage, access control and the rest of the product may add so much to what the library itself takes.
const GOAL: f64 = 1.2;
const CONNECTIONS: usize = 64;

/// The page of 50 findings with their assets, from the program and from a server that does nothing but answer it.
pub(super) async fn measure(bench: &Bench, folder: &Path, token: &str) -> Result<Vec<Line>> {
    let server = Served::start(&bench.program, folder)?;
    let mut client = reach(&server, token).await?;
    let pages = all_pages(&mut client, usize::MAX).await?;
    let findings = tempfile::NamedTempFile::new()?;
    save(&mut client, &pages, findings.path()).await?;
    let ours = taken(bench, &server, token).await?;
    server.end()?;
    let server = Served::plain(findings.path())?;
    reach(&server, "").await?;
    let plain = taken(bench, &server, "").await?;
    server.kill()?;
    let mut lines = Vec::new();
    for ((what, ours), (_, plain)) in ours.cpu.iter().zip(&plain.cpu) {
        let ratio = ours.median / plain.median;
        let line = Line::new(
            format!("CPU per request, {what}: ours; plain; ratio"),
            format!("{ours}; {plain}; {}", Short(ratio)),
        );
        lines.push(line.goal(format!("≤ {GOAL}"), ratio <= GOAL));
    }
    lines.push(Line::new(
        format!("p99 at {CONNECTIONS} connections: ours; plain"),
        format!("{}; {}", ours.p99, plain.p99),
    ));
    lines.push(Line::new("memory after that: ours; plain", format!("{}; {}", shown(ours.memory), shown(plain.memory))));
    Ok(lines.into_iter().map(|line| line.under("50 findings with their assets")).collect())
}

/// What a server took for the same requests.
struct Taken {
    cpu: Vec<(&'static str, Spread)>,
    p99: Spread,
    memory: Resident,
}

async fn taken(bench: &Bench, server: &Served, token: &str) -> Result<Taken> {
    let first = [question(PAGE, &json!({}))];
    let requests = bench.either(1_000, 10_000);
    // Warm-up.
    load(server.address(), token, &first, CONNECTIONS, requests / 5).await?;
    let one = rounds(server, token, &first, 1, requests).await?;
    let many = rounds(server, token, &first, CONNECTIONS, requests).await?;
    let cpu = |rounds: &[Round]| Spread::of("µs", rounds.iter().map(|round| microseconds(round.cpu)));
    Ok(Taken {
        cpu: vec![("1 connection", cpu(&one)), ("64 connections", cpu(&many))],
        p99: Spread::of_times(many.iter().map(|round| percentile(&round.load.latencies, 99))),
        memory: server.resident()?,
    })
}

/// Writes every finding of the pages on a line of its own.
async fn save(client: &mut Client, pages: &[Bytes], file: &Path) -> Result<()> {
    let mut file = BufWriter::new(std::fs::File::create(file)?);
    for page in pages {
        let answer = client.read(page).await?;
        let nodes = answer["data"]["findings"]["nodes"].as_array().context("no findings")?;
        for node in nodes {
            writeln!(file, "{node}")?;
        }
    }
    file.flush()?;
    Ok(())
}
