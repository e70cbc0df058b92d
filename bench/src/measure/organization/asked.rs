use anyhow::Result;
use bytes::Bytes;
use serde_json::json;

use crate::client::{Client, PAGE, all_pages, load, question};
use crate::figure::{Short, milliseconds, number, percentile};
use crate::measure::Bench;
use crate::measure::inside::Inside;
use crate::report::Line;
use crate::world::World;

/// The page that people reach by turning pages for a very long time.
const FAR: usize = 1_000;

/// What the directory tells by itself.
const FILTERED: &str =
    "{ findings(first: 50, filter: { states: [OPEN], severities: [CRITICAL, HIGH], confidence: [VERIFIED] }) {
    totalCount nodes { id title severity riskScore asset { id name } } pageInfo { hasNextPage endCursor } } }";
/// What only the rows tell.
const SEARCHED: &str = "{ findings(first: 50, filter: { states: [OPEN], text: \"default password\" }) {
    nodes { id title severity riskScore asset { id name } } pageInfo { hasNextPage endCursor } } }";
const OVERVIEW: &str = "{ overview(period: LAST_30_DAYS) {
    riskScore newFindings resolvedFindings overdue knownExploited meanTimeToResolveHours
    counts { open { critical high medium low info total } } trend { date opened resolved }
    topAssets { id name riskScore } topPorts { value count } topProducts { value count } } }";
const COUNTS: &str = "{ organization { assetCount findingCounts { open { critical high medium low info total } } } }";
const FILTERED_COUNTS: &str = "{ findings(filter: { categories: [WEAK_CREDENTIALS, REMOTE_ACCESS] }) {
    totalCount counts { open { critical high medium low info total } } } }";
const GROUPS: &str = "{ findingGroups(by: [SEVERITY, PORT], first: 100) { complete groups { key assetCount counts { open { total } } } } }";
const ASSETS: &str = "{ assets(first: 50, orderBy: { field: RISK, direction: DESC }) {
    totalCount nodes { id name target riskScore findingCounts { open { total } } } pageInfo { endCursor } } }";

/// What people ask of an organization: how long it takes, and how many rows and ranges of the store it reads.
pub(super) async fn measure(bench: &Bench, world: &World, store: &str) -> Result<Vec<Line>> {
    let server = Inside::of(world).await?;
    let mut client = Client::connect(server.address, &world.token).await?;
    let first = question(PAGE, &json!({}));
    world.store.take();
    let began = std::time::Instant::now();
    client.ask(&first).await?;
    let reads = world.store.take();
    let cold = format!("{} ms; {} reads", Short(milliseconds(began.elapsed())), reads.gets + reads.ranges);
    let whole = format!("{store}, {} findings, {} assets", world.findings().await?, assets(&mut client).await?);
    let mut lines = vec![Line::new("first page of 50, of a process that knows nothing", cold)];
    let pages = all_pages(&mut client, FAR).await?;
    let far = format!("page {}", Short(number(pages.len())));
    let last = pages.last().unwrap_or(&first).clone();
    let plain = |query: &str| question(query, &json!({}));
    for (what, asked) in [
        ("first page of 50", first),
        (far.as_str(), last),
        ("page of 50, filtered by the directory", plain(FILTERED)),
        ("page of 50, filtered by its rows", plain(SEARCHED)),
        ("page of 50 assets, by risk", plain(ASSETS)),
        ("overview", plain(OVERVIEW)),
        ("counts", plain(COUNTS)),
        ("counts of a filter", plain(FILTERED_COUNTS)),
        ("groups by severity and port", plain(GROUPS)),
    ] {
        lines.push(again(bench, world, &server, what, asked).await?);
    }
    Ok(lines.into_iter().map(|line| line.under(&whole)).collect())
}

async fn assets(client: &mut Client) -> Result<i64> {
    let answer = client.read(&question(COUNTS, &json!({}))).await?;
    Ok(answer["data"]["organization"]["assetCount"].as_i64().unwrap_or_default())
}

/// Asks the same many times over one connection.
async fn again(bench: &Bench, world: &World, server: &Inside, what: &str, asked: Bytes) -> Result<Line> {
    let mut client = Client::connect(server.address, &world.token).await?;
    // An answer with errors would be a fast one.
    client.read(&asked).await?;
    let requests = bench.either(20, 100);
    world.store.take();
    let load = load(server.address, &world.token, &[asked], 1, requests).await?;
    let reads = world.store.take();
    let each = number(reads.gets + reads.ranges) / number(requests + 1);
    let [half, most] = [50, 99].map(|hundredth| Short(milliseconds(percentile(&load.latencies, hundredth))));
    Ok(Line::new(format!("{what}: p50; p99; reads"), format!("{half} ms; {most} ms; {}", Short(each))))
}
