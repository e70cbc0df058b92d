use std::sync::Arc;

use anyhow::Result;
use app::ports::{Clock, Queue, Tables};
use app::testing::ManualClock;
use jiff::SignedDuration;
use sources::simulator::Simulator;
use storage::Transactions;

use super::Bench;
use crate::banners::{Devices, written};
use crate::counted::Calls;
use crate::figure::{Short, number};
use crate::report::Line;
use crate::world::{HOURLY, World, azurite, clock, embedded};

/// What one tick asked of the store.
struct Asked {
    when: &'static str,
    calls: Calls,
    /// On Azure: what was sent.
    sent: Transactions,
}

pub(super) async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let hosts = u8::try_from(bench.either(50, 200)).unwrap_or(u8::MAX);
    let folder = tempfile::tempdir()?;
    let time = clock();
    let mut lines = Vec::new();
    let store = embedded(folder.path(), &time)?;
    for asked in three_ticks(store, time, hosts, &Transactions::default).await? {
        lines.extend(calls(&asked, hosts));
    }
    match azurite()? {
        Some(emulated) => {
            let store = Arc::clone(&emulated.azure);
            for asked in three_ticks(store, clock(), hosts, &|| emulated.azure.transactions()).await? {
                lines.push(requests(&asked, hosts));
            }
        }
        None => lines.push(Line::new("on Azurite", "not measured: it is not installed")),
    }
    Ok(lines)
}

/// Hosts that are asked about one by one: new; an hour later, unchanged; another hour later, seen again as they were.
async fn three_ticks<S: Tables + Queue + 'static>(
    store: Arc<S>,
    clock: Arc<ManualClock>,
    hosts: u8,
    sent: &dyn Fn() -> Transactions,
) -> Result<Vec<Asked>> {
    let devices = Devices::in_networks(1, hosts, clock.now()).await?;
    let simulator = devices.simulator().await?;
    let world = World::on(store, Arc::clone(&clock), &simulator).await?;
    world.watch(devices.addresses.iter().map(ToString::to_string), HOURLY).await?;
    app::notify::drain(&world.app, usize::MAX).await?;
    let mut asked = Vec::new();
    for when in ["all new", "nothing new", "seen again, the same"] {
        if when == "seen again, the same" {
            see_again(&simulator, &devices, &clock);
        }
        world.store.take();
        let before = sent();
        world.tick().await?;
        asked.push(Asked { when, calls: world.store.take(), sent: difference(&sent(), &before) });
        app::notify::drain(&world.app, usize::MAX).await?;
        clock.advance(SignedDuration::from_secs(i64::from(HOURLY) + 1));
    }
    Ok(asked)
}

/// Shodan looks again and sees what it saw.
fn see_again(simulator: &Simulator, devices: &Devices, clock: &ManualClock) {
    for ip in &devices.addresses {
        let mut banners = simulator.banners(*ip);
        for banner in &mut banners {
            banner["timestamp"] = written(clock.now()).into();
        }
        simulator.replace_banners(*ip, &banners);
    }
}

fn difference(after: &Transactions, before: &Transactions) -> Transactions {
    Transactions {
        reads: after.reads - before.reads,
        queries: after.queries - before.queries,
        batches: after.batches - before.batches,
        puts: after.puts - before.puts,
        receives: after.receives - before.receives,
        deletes: after.deletes - before.deletes,
        others: after.others - before.others,
        bytes_sent: after.bytes_sent - before.bytes_sent,
        bytes_received: after.bytes_received - before.bytes_received,
    }
}

fn calls(asked: &Asked, hosts: u8) -> Vec<Line> {
    let Asked { when, calls, .. } = asked;
    let each = |count: u64| Short(number(count) / f64::from(hosts));
    let (services, findings) = (calls.rows_of("exposure s"), calls.rows_of("exposure f"));
    let written = Line::new(
        format!("{when}: rows written of services; of findings, {hosts} hosts"),
        format!("{services}; {findings}"),
    );
    let per_host = Line::new(
        format!("{when}: rows read; ranges; batches; messages; bytes written, per host"),
        format!(
            "{}; {}; {}; {}; {}",
            each(calls.gets),
            each(calls.ranges),
            each(calls.commits),
            each(calls.puts),
            each(calls.bytes)
        ),
    );
    let written = if *when == "nothing new" { written.goal("0; 0", services + findings == 0) } else { written };
    vec![written, per_host]
}

fn requests(asked: &Asked, hosts: u8) -> Line {
    let Asked { when, sent, .. } = asked;
    let each = |count: u64| Short(number(count) / f64::from(hosts));
    Line::new(
        format!("on Azurite, {when}: reads; batches; queue operations; bytes sent, per host"),
        format!(
            "{}; {}; {}; {}",
            each(sent.reads + sent.queries),
            each(sent.batches),
            each(sent.puts + sent.receives + sent.deletes),
            each(sent.bytes_sent)
        ),
    )
}
