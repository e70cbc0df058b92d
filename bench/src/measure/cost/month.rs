//! Time as the product spends it: a tick every minute, devices that are asked about every hour, Shodan that looks at each
//! once a week, and a little that changes every day.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use app::App;
use app::access::{Credential, authenticate};
use app::directory::{Direction, Order};
use app::findings::{FindingFilter, page};
use app::notify::{NewWebhook, create_webhook, drain};
use app::ports::{Clock, Queue, Tables};
use app::testing::{ManualClock, RecordingWebhooks};
use jiff::SignedDuration;
use serde_json::Value;
use sources::simulator::Simulator;

use super::prices::billed;
use crate::banners::{Devices, written};
use crate::process::Spent;
use crate::world::{HOURLY, World};

/// Addresses of a network that answer.
const HOSTS: u16 = 200;
/// Shodan looks at each address so often, in days (book.shodan.io: at least weekly).
const LOOKS: usize = 7;
/// One service in so many says something else each day.
const CHANGES: usize = 50;
/// One address in so many opens or closes a service each day.
const COMES_OR_GOES: usize = 200;
const MINUTES_OF_A_DAY: u64 = 24 * 60;

/// One call of Shodan's takes a turn of its limit: one a second.
const CALL: Duration = Duration::from_secs(1);
/// A request to storage in the same region takes so long, one after another: more than it does.
const REQUEST: Duration = Duration::from_millis(10);
/// An instance of 512 MB has a quarter of a processor.
const SLOWER: u32 = 4;

/// What some hours took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    pub(super) ticks: u64,
    /// Requests to Shodan.
    pub(super) calls: u64,
    /// Those of them that cost a credit.
    pub(super) credits: u64,
    /// Requests to tables.
    pub(super) transactions: u64,
    /// Messages on the queue.
    pub(super) messages: u64,
    /// Looks at the queue of what was given up on.
    pub(super) looks: u64,
    /// Seconds that are billed.
    pub(super) billed: Duration,
    /// Processor time of the polls.
    pub(super) cpu: Duration,
}

impl Used {
    fn add(&mut self, other: Self) {
        self.ticks += other.ticks;
        self.calls += other.calls;
        self.credits += other.credits;
        self.transactions += other.transactions;
        self.messages += other.messages;
        self.looks += other.looks;
        self.billed += other.billed;
        self.cpu += other.cpu;
    }
}

impl Used {
    /// Without what as many minutes at rest take.
    pub(super) fn beyond(&self, rest: &Self) -> Self {
        let at_rest = |of_minute: u64| of_minute * self.ticks;
        Self {
            ticks: self.ticks,
            transactions: self.transactions.saturating_sub(at_rest(rest.transactions)),
            looks: 0,
            billed: self
                .billed
                .saturating_sub(rest.billed.saturating_mul(u32::try_from(self.ticks).unwrap_or(u32::MAX))),
            ..*self
        }
    }

    /// So many times that.
    pub(super) fn times(&self, times: u16) -> Self {
        let of = |count: u64| count * u64::from(times);
        Self {
            ticks: self.ticks,
            calls: of(self.calls),
            credits: of(self.credits),
            transactions: of(self.transactions),
            messages: of(self.messages),
            looks: 0,
            billed: self.billed * u32::from(times),
            cpu: self.cpu * u32::from(times),
        }
    }

    /// With as many minutes at rest beside it.
    pub(super) fn with(&self, rest: &Self) -> Self {
        Self {
            transactions: self.transactions + rest.transactions * self.ticks,
            looks: rest.looks * self.ticks,
            billed: self.billed + rest.billed.saturating_mul(u32::try_from(self.ticks).unwrap_or(u32::MAX)),
            ..*self
        }
    }
}

/// An organization with devices, a channel that is told of everything, and nothing done yet.
pub(super) struct Plant {
    pub(super) world: World,
    clock: Arc<ManualClock>,
    simulator: Simulator,
    addresses: Vec<IpAddr>,
    first: HashMap<IpAddr, Vec<Value>>,
    minute: u64,
}

impl Plant {
    pub(super) async fn new<S: Tables + Queue + 'static>(
        store: Arc<S>,
        clock: Arc<ManualClock>,
        assets: u16,
    ) -> Result<Self> {
        let hosts = u8::try_from(assets.min(HOSTS)).unwrap_or(u8::MAX);
        let devices = Devices::in_networks(assets.div_ceil(HOSTS), hosts, clock.now()).await?;
        let simulator = devices.simulator().await?;
        let world = World::on(store, Arc::clone(&clock), &simulator).await?;
        let app = Arc::into_inner(world.app).context("somebody still uses the app")?;
        let app = Arc::new(App { webhooks: Arc::new(RecordingWebhooks::default()), ..app });
        let world = World { app, ..world };
        let channel =
            NewWebhook { name: "SIEM".into(), url: "https://siem.example.com/".into(), ..NewWebhook::default() };
        create_webhook(&world.app, &world.owner, channel).await?;
        let addresses: Vec<IpAddr> = devices.addresses.iter().copied().take(assets.into()).collect();
        world.watch(addresses.iter().map(ToString::to_string), HOURLY).await?;
        drain(&world.app, usize::MAX).await?;
        let first = addresses.iter().map(|ip| (*ip, simulator.banners(*ip))).collect();
        world.store.take();
        Ok(Self { world, clock, simulator, addresses, first, minute: 0 })
    }

    /// So many minutes go by.
    pub(super) async fn live(&mut self, minutes: u64) -> Result<Used> {
        let mut used = Used::default();
        for _ in 0..minutes {
            if self.minute.is_multiple_of(MINUTES_OF_A_DAY) {
                self.change(usize::try_from(self.minute / MINUTES_OF_A_DAY)?);
            }
            used.add(self.minute().await?);
            self.minute += 1;
            self.clock.advance(SignedDuration::from_mins(1));
        }
        Ok(used)
    }

    /// One tick, and the messages that it leads to.
    async fn minute(&self) -> Result<Used> {
        let before = self.simulator.requests();
        let ran = Spent::by_this_thread()?.ran;
        self.world.tick().await?;
        let cpu = Spent::by_this_thread()?.ran.saturating_sub(ran);
        let after = self.simulator.requests();
        let polled = self.world.store.take();
        drain(&self.world.app, usize::MAX).await?;
        let told = self.world.store.take();
        let sum = |r: &sources::simulator::Requests| r.host + r.search + r.count + r.resolve + r.api_info;
        let (calls, messages) = (u64::from(sum(&after) - sum(&before)), polled.puts + told.puts);
        let requests = u32::try_from(polled.transactions() + polled.looks)?;
        let work = CALL * u32::try_from(calls)? + cpu * SLOWER + REQUEST * requests;
        // As if no two messages shared their second.
        let telling = billed(Duration::ZERO) * u32::try_from(messages)?;
        Ok(Used {
            ticks: 1,
            calls,
            credits: u64::from(after.search - before.search),
            transactions: polled.transactions() + told.transactions(),
            messages,
            looks: polled.looks,
            billed: billed(work) + telling,
            cpu,
        })
    }

    /// What happens to the devices on a day.
    fn change(&self, day: usize) {
        let now = written(self.clock.now());
        for (number, ip) in self.addresses.iter().enumerate() {
            let mut banners = self.simulator.banners(*ip);
            let first = &self.first[ip];
            if (number + day) % COMES_OR_GOES == COMES_OR_GOES - 1 {
                if banners.len() == first.len() {
                    banners.pop();
                } else {
                    banners.clone_from(first);
                }
            }
            let seen = number % LOOKS == day % LOOKS;
            for (place, banner) in banners.iter_mut().enumerate() {
                let changed = (number * 3 + place + day) % CHANGES == CHANGES - 1;
                if changed {
                    banner["version"] = format!("{day}.0").into();
                }
                if seen || changed {
                    banner["timestamp"] = now.clone().into();
                }
            }
            self.simulator.replace_banners(*ip, &banners);
        }
    }

    /// One minute in which nothing is due: the least of five, of which at most one has a poll in it.
    pub(super) async fn a_minute_of_rest(&mut self) -> Result<Used> {
        let mut least = self.live(1).await?;
        for _ in 1..5 {
            let used = self.live(1).await?;
            if used.transactions < least.transactions {
                least = used;
            }
        }
        Ok(least)
    }

    /// What a program asks of the tables for a page of 50 findings, of a process that knows nothing yet.
    pub(super) async fn a_page(self) -> Result<u64> {
        let world = self.world.restarted()?;
        world.store.take();
        let caller = authenticate(&world.app, Credential::Bearer(&world.token)).await?.context("the token is good")?;
        let by_risk = (Order::Risk, Direction::Descending);
        page(&world.app, &caller, &FindingFilter::default(), by_risk, (None, 50, false)).await?;
        Ok(world.store.take().transactions())
    }
}
