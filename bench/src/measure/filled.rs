use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use app::ports::Clock;
use tempfile::TempDir;

use crate::banners::Devices;
use crate::process::Spent;
use crate::world::{SELDOM, World, clock, embedded};

/// Networks whose devices have 10 000 findings together.
pub(super) const NETWORKS: u16 = 14;
/// Addresses of each that answer.
pub(super) const HOSTS: u8 = 200;

/// An embedded store that was filled by polling made-up devices, and closed again.
pub(super) struct Filled {
    folder: TempDir,
    /// An API token with every scope.
    pub(super) token: String,
    /// How many findings there are.
    pub(super) findings: usize,
    /// How many banners they came from.
    pub(super) banners: usize,
    /// How long the tick took.
    pub(super) tick: Duration,
    /// How long its own thread ran: all but the store's writers.
    pub(super) cpu: Duration,
    /// Events that were routed afterwards, to nobody, and how long that took.
    pub(super) routed: (usize, Duration),
}

impl Filled {
    /// Registers so many networks and polls them once.
    pub(super) async fn make(networks: u16) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let clock = clock();
        let devices = Devices::in_networks(networks, HOSTS, clock.now()).await?;
        let simulator = devices.simulator().await?;
        let world = World::on(embedded(folder.path(), &clock)?, clock, &simulator).await?;
        world.watch(devices.networks.iter().map(ToString::to_string), SELDOM).await?;
        app::notify::drain(&world.app, usize::MAX).await?;
        let (began, ran) = (Instant::now(), Spent::by_this_thread()?.ran);
        world.tick().await?;
        let (tick, cpu) = (began.elapsed(), Spent::by_this_thread()?.ran.saturating_sub(ran));
        let began = Instant::now();
        let events = app::notify::drain(&world.app, usize::MAX).await?;
        let routed = (events, began.elapsed());
        let findings = world.findings().await?;
        let (banners, token) = (devices.banners.len(), world.token.clone());
        Ok(Self { folder, token, findings, banners, tick, cpu, routed })
    }

    /// Where it lies.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
