//! What a month costs: time goes by on a store that counts, and prices are put to what was counted.
//!
//! The counts are those of the embedded store, because Azurite would take an hour for a month; that Azurite is asked
//! exactly as often is seen on some hours first. What the platform does beside the program is not counted but computed
//! ([`prices`]), and what only a deployment can tell is said so.

mod kept;
mod month;
mod prices;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use super::Bench;
use crate::figure::{Short, number};
use crate::report::Line;
use crate::world::{azurite, clock, embedded};
use month::{Plant, Used};
use prices::{AS_OF, HOURS, Month, leases};

/// A thousand assets, every hour, in US dollars.
const GOAL: f64 = 0.25;
const GOAL_ASSETS: u16 = 1_000;
/// Each is asked about by people and programs so often in a month.
const REQUESTS: f64 = 3_000.0;
/// In a day everything is new; the week after it is what a month is made of, since everything is looked at once in it.
const DAY: u64 = 24 * 60;
const WEEK: u64 = 7 * DAY;
/// Larger ones are computed of the goal's: everything grows with the groups of 256, which an hour of more assets confirms.
const TIMES: [u16; 2] = [10, 100];
const MORE_ASSETS: u16 = 10_000;
/// What is compared with Azurite.
const COMPARED: (u16, u64) = (100, 3 * 60);

pub(super) async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let mut lines = vec![agreement().await?];
    let few = Size::live(100, bench.quick).await?;
    let many = Size::live(GOAL_ASSETS, bench.quick).await?;
    lines.extend(few.lines());
    lines.extend(many.lines());
    if !bench.quick {
        lines.extend(linear().await?);
    }
    for times in TIMES {
        lines.extend(many.times(times).lines());
    }
    lines.push(Line::new("leases of the host, if an instance never sleeps", dollars(leases())));
    lines.push(Line::new("prices", format!("Azure, list, LRS, {AS_OF}")));
    Ok(lines)
}

/// Is what is counted here what Azurite is sent?
async fn agreement() -> Result<Line> {
    let what = "requests to tables in three hours: counted; sent to Azurite";
    let Some(emulated) = azurite()? else { return Ok(Line::new(what, "not measured: Azurite is not installed")) };
    let (assets, minutes) = COMPARED;
    let mut plant = Plant::new(Arc::clone(&emulated.azure), clock(), assets).await?;
    let tables = || {
        let sent = emulated.azure.transactions();
        sent.reads + sent.queries + sent.batches
    };
    let before = tables();
    let counted = plant.live(minutes).await?.transactions;
    let sent = tables() - before;
    Ok(Line::new(what, format!("{counted}; {sent}")).goal("the same", counted == sent))
}

/// An hour of the goal's assets, and an hour of ten times as many.
async fn linear() -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for assets in [GOAL_ASSETS, MORE_ASSETS] {
        let folder = tempfile::tempdir()?;
        let time = clock();
        let mut plant = Plant::new(embedded(folder.path(), &time)?, time, assets).await?;
        plant.live(2).await?;
        let hour = plant.live(60).await?;
        let what = format!("{assets} assets, the second hour: calls; requests to tables; processor time");
        let cpu = Short(hour.cpu.as_secs_f64());
        lines.push(Line::new(what, format!("{}; {}; {cpu} s", hour.calls, hour.transactions)));
    }
    Ok(lines)
}

/// So many assets, and a month of them.
struct Size {
    assets: u32,
    /// The first day, in which everything is new.
    first: Used,
    /// What was counted after it, and how much of a month that is.
    then: Used,
    share: f64,
    /// A minute in which nothing is due.
    rest: Used,
    page: u64,
    gb: f64,
}

impl Size {
    async fn live(assets: u16, quick: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let time = clock();
        let store = embedded(folder.path(), &time)?;
        let mut plant = Plant::new(Arc::clone(&store), time, assets).await?;
        let first = plant.live(DAY).await?;
        let minutes = if quick { DAY } else { WEEK };
        let then = plant.live(minutes).await?;
        let rest = plant.a_minute_of_rest().await?;
        let gb = number(kept::kept(&store)?) / 1e9;
        let page = plant.a_page().await?;
        Ok(Self { assets: assets.into(), first, then, share: number(minutes) / (HOURS * 60.0), rest, page, gb })
    }

    /// So many times as many assets: what is at rest stays, everything else grows.
    fn times(&self, times: u16) -> Self {
        let grown = |used: &Used| used.beyond(&self.rest).times(times).with(&self.rest);
        Self {
            assets: self.assets * u32::from(times),
            first: grown(&self.first),
            then: grown(&self.then),
            gb: self.gb * f64::from(times),
            ..*self
        }
    }

    fn month(&self) -> Month {
        let of_month = |count: u64| number(count) / self.share;
        let Used { ticks, transactions, messages, looks, billed, .. } = self.then;
        Month {
            seconds: billed.as_secs_f64() / self.share + REQUESTS,
            executions: of_month(ticks + messages) + REQUESTS,
            transactions: of_month(transactions) + REQUESTS * number(self.page),
            messages: of_month(messages),
            looks: of_month(looks),
            gb: self.gb,
        }
    }

    fn lines(&self) -> Vec<Line> {
        let month = self.month();
        let bill = month.bill();
        let of_month = |count: u64| Short(number(count) / self.share);
        let total = Line::new("in all, without Shodan", dollars(bill.total()));
        let judged = self.assets == u32::from(GOAL_ASSETS);
        let total = if judged { total.goal(format!("≤ {}", dollars(GOAL)), bill.total() <= GOAL) } else { total };
        let cpu = Duration::div_f64(self.then.cpu, number(self.then.ticks));
        let lines = vec![
            Line::new(
                "calls of Shodan; of them for a credit",
                format!("{}; {}", of_month(self.then.calls), of_month(self.then.credits)),
            ),
            Line::new(
                "requests to tables; of them in minutes at rest; for a page",
                format!(
                    "{}; {}; {}",
                    Short(month.transactions),
                    Short(number(self.rest.transactions) * HOURS * 60.0),
                    self.page
                ),
            ),
            Line::new(
                "messages; operations on queues",
                format!("{}; {}", Short(month.messages), Short(month.queue_operations())),
            ),
            Line::new("executions; GB-s", format!("{}; {}", Short(month.executions), Short(month.gb_seconds()))),
            Line::new("kept", format!("{} MB", Short(self.gb * 1e3))),
            Line::new("processor time of a tick, here", format!("{} ms", Short(cpu.as_secs_f64() * 1e3))),
            Line::new(
                "the first day: calls; requests to tables; messages",
                format!("{}; {}; {}", self.first.calls, self.first.transactions, self.first.messages),
            ),
            Line::new(
                "compute; tables; queues",
                format!("{}; {}; {}", dollars(bill.compute), dollars(bill.tables), dollars(bill.queues)),
            ),
            total,
        ];
        lines.into_iter().map(|line| line.under(&format!("{} assets hourly", self.assets))).collect()
    }
}

fn dollars(sum: f64) -> String {
    format!("${sum:.3}")
}
