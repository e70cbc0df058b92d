use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use domain::rule::{AssetFacts, HostFacts, RuleSet};

use super::Bench;
use crate::figure::{Short, microseconds, number};
use crate::report::Line;

#[expect(clippy::unwrap_used, reason = "what is read is part of the repository")]
#[path = "../../../domain/tests/data/samples.rs"]
mod samples;

/// A page of 100 captured banners of 2.8 KB each.
const PAGE: &[u8] = include_bytes!("../../../sources/data/captured/shodanx-host-search-with_facets.json");
/// Microseconds that all rules together may take for a banner, on average.
const GOAL_JUDGED: f64 = 50.0;
/// Banners that are to be read in a second.
const GOAL_READ: f64 = 20_000.0;

/// What a banner costs before anything is stored: to be read, and to be judged by all rules.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let rounds = bench.either(5, 50);
    let page = sources::read_search_page(PAGE)?;
    let mut read = Duration::MAX;
    for _ in 0..rounds {
        let began = Instant::now();
        black_box(sources::read_search_page(black_box(PAGE))?);
        read = read.min(began.elapsed());
    }
    let rate = number(page.banners) / read.as_secs_f64();
    let size = number(PAGE.len()) / number(page.banners) / 1000.0;

    let (samples, rules, now) = (samples::all(), RuleSet::built_in(), samples::now());
    let (host, asset) = (HostFacts::default(), AssetFacts::default());
    // Of each banner the quickest round counts, so that what others take of the core does not.
    let mut costs = vec![Duration::MAX; samples.len()];
    for _ in 0..rounds {
        for (sample, cost) in samples.iter().zip(&mut costs) {
            let began = Instant::now();
            black_box(rules.judge(&sample.banner, &host, &asset, now));
            *cost = (*cost).min(began.elapsed());
        }
    }
    let mean = costs.iter().copied().map(microseconds).sum::<f64>() / number(costs.len());
    let worst = costs.iter().copied().max().map(microseconds).context("no banners")?;
    Ok(vec![
        Line::new(format!("banners of {} KB read, one core", Short(size)), format!("{} /s", Short(rate)))
            .goal(format!("≥ {GOAL_READ} /s"), rate >= GOAL_READ),
        Line::new(
            format!("{} rules on each of {} banners: mean", rules.rules().len(), costs.len()),
            format!("{} µs", Short(mean)),
        )
        .goal(format!("≤ {GOAL_JUDGED} µs"), mean <= GOAL_JUDGED),
        Line::new("the costliest of these banners", format!("{} µs", Short(worst))),
    ])
}
