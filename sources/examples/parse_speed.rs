//! How fast answers of Shodan are read, on one core: `cargo run --release -p sources --example parse_speed`.
//!
//! The goal is 20 000 banners of 3 KB a second, that is 50 µs for each.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use shodan_client::Banner;
use shodan_client::banner::Context;
use shodan_client::lenient::{list, object, repaired};
use sources::read_search_page;

/// Captured pages, with what is odd in them.
const PAGES: [(&str, &[u8]); 3] = [
    ("100 banners, 2.8 KB each", include_bytes!("../data/captured/shodanx-host-search-with_facets.json")),
    ("100 banners, 4.1 KB each", include_bytes!("../data/captured/percussiveelbow-host-host_search_example_1.json")),
    ("93 banners, 10 KB each, half characters", include_bytes!("../data/captured/shodanx-host-search.json")),
];

fn main() {
    println!("{:<42} {:>22} {:>22}", "page", "into observations", "into the client's type");
    for (name, bytes) in PAGES {
        let ours = microseconds(|| read_search_page(bytes).map_or(0, |page| page.banners));
        let theirs = microseconds(|| client(bytes));
        println!("{name:<42} {:>22} {:>22}", shown(ours), shown(theirs));
    }
}

/// Microseconds for each of the banners that one call reads, over a second of calls.
fn microseconds(read: impl Fn() -> usize) -> f64 {
    black_box(read());
    let (start, before, mut banners) = (Instant::now(), busy(), 0_u32);
    while start.elapsed() < Duration::from_secs(1) {
        banners += u32::try_from(black_box(read())).unwrap_or(0);
    }
    // Where the machine tells, what others took of the core does not count.
    let spent = busy().zip(before).map_or(start.elapsed(), |(after, before)| after.saturating_sub(before));
    spent.as_secs_f64() * 1e6 / f64::from(banners.max(1))
}

/// How long this thread was on a core, as Linux tells.
fn busy() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn client(bytes: &[u8]) -> usize {
    let text = repaired(bytes);
    let raw: Option<&RawValue> = serde_json::from_str(&text).ok();
    let matches = raw.and_then(object).and_then(|page| page.read("matches", list)).unwrap_or_default();
    let (banners, refused) = Banner::read_all(&matches, &Context::default());
    banners.len() + refused.len()
}

fn shown(microseconds: f64) -> String {
    format!("{microseconds:.1} µs = {:.0}/s", 1e6 / microseconds)
}
