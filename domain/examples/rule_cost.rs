//! What judging a banner by all rules of the house costs, on one core:
//! `cargo run --release -p domain --example rule_cost`. The goal is at most 50 µs.
#![expect(clippy::unwrap_used, reason = "what is read is part of the repository")]

#[path = "../tests/data/samples.rs"]
mod samples;

use std::hint::black_box;
use std::time::{Duration, Instant};

use domain::rule::{AssetFacts, HostFacts, RuleSet};

/// Rounds over all banners; of each banner the quickest counts, so that what others take of the core does not.
const ROUNDS: usize = 50;

fn main() {
    let (samples, rules, now) = (samples::all(), RuleSet::built_in(), samples::now());
    let (host, asset) = (HostFacts::default(), AssetFacts::default());
    let mut costs = vec![(Duration::MAX, 0_usize); samples.len()];
    for _ in 0..ROUNDS {
        for (sample, cost) in samples.iter().zip(&mut costs) {
            let start = Instant::now();
            let found = black_box(rules.judge(&sample.banner, &host, &asset, now)).len();
            *cost = (cost.0.min(start.elapsed()), found);
        }
    }
    costs.sort_unstable();
    let at = |share: usize| micros(costs[(costs.len() - 1) * share / 100].0);
    let count = f64::from(u32::try_from(costs.len()).unwrap());
    let mean = costs.iter().map(|cost| micros(cost.0)).sum::<f64>() / count;
    println!("{} rules, {} banners", rules.rules().len(), costs.len());
    println!("mean {mean:.1} µs, median {:.1} µs, 95 % {:.1} µs, worst {:.1} µs", at(50), at(95), at(100));
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
