mod asked;
mod beside;

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use app::ports::{Clock, Queue, Tables};
use app::testing::ManualClock;

use super::Bench;
use super::filled::HOSTS;
use crate::banners::Devices;
use crate::figure::Short;
use crate::report::Line;
use crate::world::{SELDOM, World, azurite, clock, embedded};

/// How large an organization is.
#[derive(Clone, Copy)]
struct Size {
    /// Networks whose devices have findings, 700 or so each.
    networks: u16,
    /// Assets altogether: the networks, and devices within them.
    assets: usize,
}

/// The largest that one organization is promised.
const LARGEST: Size = Size { networks: 140, assets: 10_000 };
/// For a quick look.
const TENTH: Size = Size { networks: 14, assets: 1_000 };
/// For Azurite, which slows down with every row that it holds: a tenth takes it more than an hour.
const FIFTIETH: Size = Size { networks: 3, assets: 200 };

pub(super) async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let folder = tempfile::tempdir()?;
    let time = clock();
    let size = if bench.quick { TENTH } else { LARGEST };
    let world = fill(embedded(folder.path(), &time)?, time, size).await?;
    let mut lines = asked::measure(bench, &world, "embedded").await?;
    let token = world.token.clone();
    // Closes the store: the program opens it next.
    drop(world);
    lines.extend(beside::measure(bench, folder.path(), &token).await?);
    match azurite()? {
        None => lines.push(Line::new("on Azurite", "not measured: it is not installed")),
        Some(emulated) => {
            let world = fill(Arc::clone(&emulated.azure), clock(), FIFTIETH).await?;
            lines.extend(asked::measure(bench, &world, "Azurite").await?);
        }
    }
    Ok(lines)
}

/// Registers the assets and polls them once, and forgets what that left in memory.
async fn fill<S: Tables + Queue + 'static>(store: Arc<S>, time: Arc<ManualClock>, size: Size) -> Result<World> {
    let began = Instant::now();
    let devices = Devices::in_networks(size.networks, HOSTS, time.now()).await?;
    let simulator = devices.simulator().await?;
    let world = World::on(store, time, &simulator).await?;
    world.watch(devices.networks.iter().map(ToString::to_string), SELDOM).await?;
    let alone = size.assets - devices.networks.len();
    world.watch(devices.addresses.iter().take(alone).map(ToString::to_string), SELDOM).await?;
    world.tick().await?;
    // Or the program, once it runs on this store, would be measured while it routes.
    app::notify::drain(&world.app, usize::MAX).await?;
    println!("  an organization was filled in {} s", Short(began.elapsed().as_secs_f64()));
    world.restarted()
}
