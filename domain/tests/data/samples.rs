//! The banners of `banners.jsonl`, for tests and examples.

use domain::observation::Banner;
use domain::rule::table::Sample;
use jiff::Timestamp;

/// All of them.
pub(crate) fn all() -> Vec<Sample> {
    include_str!("banners.jsonl").lines().map(read).collect()
}

/// The instant by which certificates are judged.
pub(crate) fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

fn read(line: &str) -> Sample {
    let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
    let synthetic = line["page"].as_str().unwrap().starts_with("demo/");
    let banner: Banner = serde_json::from_value(line["banner"].take()).unwrap();
    Sample { banner, synthetic }
}
