use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use app::ports::{Clock, Queue, QueueName, Tables};

use super::Bench;
use super::filled::{Filled, HOSTS, NETWORKS};
use crate::banners::Devices;
use crate::figure::{Short, Spread, microseconds, number};
use crate::report::Line;
use crate::world::{SELDOM, World, azurite, clock, embedded};

const GOAL_A_SECOND: f64 = 2_000.0;
/// The queue is looked at so often.
const LOOK: Duration = Duration::from_millis(100);
/// Messages between two looks of the pump at whether there is an end.
const AT_ONCE: usize = 128;
/// Azurite slows down with every row that it holds, and with every message that waits: so many networks of so few hosts.
const NETWORKS_ON_AZURITE: u16 = 10;
const HOSTS_ON_AZURITE: u8 = 12;
/// More messages than these must not wait there.
const MOST_WAITING: u64 = 200;
const NETWORKS_BESIDE: u16 = 4;

pub(super) async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let filled = bench.filled().await?;
    let mut again = Vec::new();
    for _ in 0..bench.either(0, 2) {
        again.push(Filled::make(NETWORKS).await?);
    }
    let runs: Vec<&Filled> = std::iter::once(filled).chain(&again).collect();
    let rate = Spread::of("/s", runs.iter().map(|run| number(run.banners) / run.tick.as_secs_f64()));
    let cpu = Spread::of("µs", runs.iter().map(|run| microseconds(run.cpu) / number(run.banners)));
    let routed = Spread::of("/s", runs.iter().map(|run| number(run.routed.0) / run.routed.1.as_secs_f64()));
    let mut lines = vec![
        Line::new(format!("embedded, first poll of {} banners, {} findings", filled.banners, filled.findings), rate)
            .goal(format!("≥ {GOAL_A_SECOND} /s"), rate.median >= GOAL_A_SECOND),
        Line::new("embedded: CPU of the polling thread per banner", cpu),
        Line::new(format!("embedded: events routed afterwards, to nobody ({})", filled.routed.0), routed),
    ];
    let folder = tempfile::tempdir()?;
    let clock = clock();
    let beside = with_pump(embedded(folder.path(), &clock)?, clock, NETWORKS_BESIDE).await?;
    lines.extend(beside.lines("embedded, routing beside the poll"));
    match azurite()? {
        Some(emulated) => {
            let steps = in_steps(Arc::clone(&emulated.azure), self::clock()).await?;
            lines.extend(steps.lines("on Azurite, network by network"));
        }
        None => lines.push(Line::new("on Azurite", "not measured: it is not installed")),
    }
    Ok(lines)
}

/// A poll with the queue worked off at the same time, as it is in production.
struct Beside {
    banners: usize,
    tick: Duration,
    emptied: Duration,
    most_waiting: u64,
}

impl Beside {
    fn lines(&self, on: &str) -> Vec<Line> {
        let rate = |time: Duration| format!("{} /s", Short(number(self.banners) / time.as_secs_f64()));
        vec![
            Line::new(format!("{on}, {} banners: until polled", self.banners), rate(self.tick)),
            Line::new(format!("{on}: until polled and routed"), rate(self.emptied)),
            Line::new(format!("{on}: messages waiting at most"), self.most_waiting),
        ]
    }
}

async fn with_pump<S: Tables + Queue + 'static>(
    store: Arc<S>,
    clock: Arc<app::testing::ManualClock>,
    networks: u16,
) -> Result<Beside> {
    let devices = Devices::in_networks(networks, HOSTS, clock.now()).await?;
    let simulator = devices.simulator().await?;
    let world = World::on(store, clock, &simulator).await?;
    world.watch(devices.networks.iter().map(ToString::to_string), SELDOM).await?;
    app::notify::drain(&world.app, usize::MAX).await?;
    let began = Instant::now();
    let mut most_waiting = 0;
    let polled = async {
        world.tick().await?;
        anyhow::Ok(began.elapsed())
    };
    let pump = async {
        loop {
            if app::notify::drain(&world.app, AT_ONCE).await? == 0 {
                tokio::time::sleep(LOOK).await;
            }
        }
        #[expect(unreachable_code, reason = "says what the block would return")]
        anyhow::Ok(())
    };
    let watch = async {
        loop {
            most_waiting = most_waiting.max(world.app.queue.depth(QueueName::Notifications).await?);
            tokio::time::sleep(LOOK).await;
        }
        #[expect(unreachable_code, reason = "says what the block would return")]
        anyhow::Ok(())
    };
    let tick = tokio::select! {
        tick = polled => tick?,
        pumped = pump => { pumped?; Duration::ZERO }
        watched = watch => { watched?; Duration::ZERO }
    };
    app::notify::drain(&world.app, usize::MAX).await?;
    Ok(Beside { banners: devices.banners.len(), tick, emptied: began.elapsed(), most_waiting })
}

/// One small network after the other, each routed before the next is polled.
async fn in_steps<S: Tables + Queue + 'static>(store: Arc<S>, clock: Arc<app::testing::ManualClock>) -> Result<Beside> {
    let devices = Devices::in_networks(NETWORKS_ON_AZURITE, HOSTS_ON_AZURITE, clock.now()).await?;
    let simulator = devices.simulator().await?;
    let world = World::on(store, clock, &simulator).await?;
    let mut steps =
        Beside { banners: devices.banners.len(), tick: Duration::ZERO, emptied: Duration::ZERO, most_waiting: 0 };
    for network in &devices.networks {
        world.watch([network.to_string()], SELDOM).await?;
        app::notify::drain(&world.app, usize::MAX).await?;
        let began = Instant::now();
        world.tick().await?;
        steps.tick += began.elapsed();
        steps.most_waiting = steps.most_waiting.max(world.app.queue.depth(QueueName::Notifications).await?);
        app::notify::drain(&world.app, usize::MAX).await?;
        steps.emptied += began.elapsed();
    }
    ensure!(steps.most_waiting <= MOST_WAITING, "{} messages waited: Azurite itself was measured", steps.most_waiting);
    Ok(steps)
}
