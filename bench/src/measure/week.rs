use std::time::Instant;

use anyhow::{Result, ensure};
use app::ports::Clock;
use app::testing::ManualClock;
use jiff::SignedDuration;
use sources::simulator::{Requests, Simulator};

use super::Bench;
use crate::banners::{Devices, written};
use crate::counted::Calls;
use crate::figure::{Short, number};
use crate::report::Line;
use crate::world::{HOURLY, World, clock, embedded};

/// Networks of 256 addresses that make the one of 4 096.
const PARTS: u16 = 16;
const NETWORK: &str = "10.0.0.0/20";
/// Addresses of each that answer.
const HOSTS: u8 = 60;
/// Networks beside it that lend the scattered addresses.
const BESIDE: u16 = 17;
const SCATTERED: usize = 1_000;
/// Hours of a week.
const HOURS: usize = 7 * 24;
/// Calls of ours for each look-up of one address.
const GOAL_CALLS: f64 = 0.01;
/// Storage transactions for each asset that did not change, at each poll.
const GOAL_ASSET: f64 = 0.02;
/// Storage transactions of a turn of the timer in which nothing is due.
const GOAL_TICK: u64 = 3;

pub(super) async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let folder = tempfile::tempdir()?;
    let clock = clock();
    let devices = Devices::in_networks(PARTS + BESIDE, HOSTS, clock.now()).await?;
    let simulator = devices.simulator().await?;
    let world = World::on(embedded(folder.path(), &clock)?, std::sync::Arc::clone(&clock), &simulator).await?;
    let within = devices.addresses.len() * usize::from(PARTS) / usize::from(PARTS + BESIDE);
    let scattered = devices.addresses[within..].iter().take(SCATTERED).map(ToString::to_string);
    let targets: Vec<String> = std::iter::once(NETWORK.to_owned()).chain(scattered).collect();
    let assets = targets.len();
    ensure!(assets == SCATTERED + 1, "there are {assets} assets");
    world.watch(targets, HOURLY).await?;
    app::notify::drain(&world.app, usize::MAX).await?;

    let first = asked(&world, &simulator, &clock).await?;
    let idle = idle(&world, &clock).await?;
    let mut quiet = Vec::new();
    let (mut week, mut calls, mut credits, mut took) = (Calls::default(), 0, 0, 0.0);
    let hours = bench.either(8, HOURS);
    for hour in 0..hours {
        // Every address is crawled once a week and found as it was; the first hours are without.
        if hour >= 4 {
            crawl(&simulator, &devices, &clock, hour, hours);
        }
        let began = Instant::now();
        let asked = asked(&world, &simulator, &clock).await?;
        took += began.elapsed().as_secs_f64();
        calls += asked.requests;
        credits += asked.searches;
        if (1..4).contains(&hour) {
            quiet.push(transactions(&asked.calls));
        }
        add(&mut week, &asked.calls);
    }
    Ok(lines(assets, hours, &first, idle, &quiet, (&week, calls, credits, took)))
}

/// What one hour's turn of the timer asked.
struct Asked {
    calls: Calls,
    requests: u64,
    searches: u64,
}

/// One turn of the timer, and the hour after it.
async fn asked(world: &World, simulator: &Simulator, clock: &ManualClock) -> Result<Asked> {
    world.store.take();
    let before = simulator.requests();
    world.tick().await?;
    let calls = world.store.take();
    let after = simulator.requests();
    app::notify::drain(&world.app, usize::MAX).await?;
    clock.advance(SignedDuration::from_secs(i64::from(HOURLY) + 1));
    let searches = u64::from(after.search - before.search);
    Ok(Asked { calls, requests: all(&after) - all(&before), searches })
}

/// Storage transactions of a turn in which nothing is due.
async fn idle(world: &World, clock: &ManualClock) -> Result<u64> {
    // The hour that passed after the last turn is taken back by a turn of its own.
    world.tick().await?;
    app::notify::drain(&world.app, usize::MAX).await?;
    clock.advance(SignedDuration::from_mins(1));
    world.tick().await?;
    world.store.take();
    clock.advance(SignedDuration::from_mins(1));
    world.tick().await?;
    let calls = world.store.take();
    clock.advance(SignedDuration::from_secs(i64::from(HOURLY) + 1));
    Ok(transactions(&calls))
}

/// Shodan looks again at its share of this hour, and sees what it saw.
fn crawl(simulator: &Simulator, devices: &Devices, clock: &ManualClock, hour: usize, hours: usize) {
    for ip in devices.addresses.iter().skip(hour).step_by(hours) {
        let mut banners = simulator.banners(*ip);
        for banner in &mut banners {
            banner["timestamp"] = written(clock.now()).into();
        }
        simulator.replace_banners(*ip, &banners);
    }
}

/// Requests of every kind.
fn all(requests: &Requests) -> u64 {
    let Requests { host, search, count, resolve, api_info, monitor, other, .. } = *requests;
    [host, search, count, resolve, api_info, monitor, other].map(u64::from).iter().sum()
}

/// As Azure bills them: each row that is read by key, each range, each batch.
const fn transactions(calls: &Calls) -> u64 {
    calls.gets + calls.ranges + calls.commits
}

fn add(sum: &mut Calls, calls: &Calls) {
    sum.gets += calls.gets;
    sum.ranges += calls.ranges;
    sum.commits += calls.commits;
    sum.bytes += calls.bytes;
}

fn lines(
    assets: usize,
    hours: usize,
    first: &Asked,
    idle: u64,
    quiet: &[u64],
    (week, requests, credits, took): (&Calls, u64, u64, f64),
) -> Vec<Line> {
    let look_ups = number((usize::from(PARTS) * 256 + SCATTERED) * hours);
    let ratio = number(requests) / look_ups;
    let polls = number(assets * hours);
    let worst = quiet.iter().copied().max().unwrap_or(u64::MAX);
    let each = number(worst.saturating_sub(idle)) / number(assets);
    vec![
        Line::new(
            format!("{NETWORK} and {SCATTERED} scattered addresses, first poll: requests; of them searches (credits)"),
            format!("{}; {}", first.requests, first.searches),
        ),
        Line::new(
            format!(
                "{hours} hours, each address crawled once: requests; searches (credits); look-ups of each address hourly"
            ),
            format!("{requests}; {credits}; {}", Short(look_ups)),
        ),
        Line::new("requests for each such look-up", Short(ratio)).goal(format!("≤ {GOAL_CALLS}"), ratio <= GOAL_CALLS),
        Line::new("storage transactions of a turn with nothing due", idle)
            .goal(format!("≤ {GOAL_TICK}"), idle <= GOAL_TICK),
        Line::new("an hour without news: transactions per asset, beside those of the turn", Short(each))
            .goal(format!("≤ {GOAL_ASSET}"), each <= GOAL_ASSET),
        Line::new(
            "all of these hours, crawled addresses included: transactions per asset and poll; bytes written",
            format!("{}; {}", Short(number(transactions(week)) / polls), Short(number(week.bytes) / polls)),
        ),
        Line::new("time of all turns, simulator included", format!("{} s", Short(took))),
    ]
}
