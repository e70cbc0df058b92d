//! The banners by which the rules are judged, as they are read of the captured answers and of what was written for this
//! project, one a line: `cargo run -p sources --example rule_samples > domain/tests/data/banners.jsonl`.
#![expect(clippy::expect_used, reason = "what is read is part of the repository")]

use std::path::Path;

use serde_json::{Value, json};
use sources::{read_hosts, read_search_page};

const SEARCHES: [&str; 5] = [
    "captured/goshodan-host-search-version-number.json",
    "captured/percussiveelbow-host-host_search_example_1.json",
    "captured/shodanx-host-search-with_facets.json",
    "captured/shodanx-host-search.json",
    "captured/uncover-example.json",
];

const SYNTHETIC: &str = "demo/synthetic-iot-ics-banners.json";

const HOSTS: [&str; 5] = [
    "captured/crossfeed-multi-host.json",
    "captured/jshodan-shodan_host.json",
    "captured/opencti-shodan-host-1.json",
    "captured/percussiveelbow-host-host_example_1.json",
    "captured/shodanx-host-get_by_ip.json",
];

fn main() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let read = |name: &str| std::fs::read(data.join(name)).expect(name);
    for name in SEARCHES {
        print(name, read_search_page(&read(name)).expect(name).hosts);
    }
    for name in HOSTS {
        print(name, read_hosts(&read(name)).expect(name));
    }
    print(SYNTHETIC, read_search_page(&read(SYNTHETIC)).expect(SYNTHETIC).hosts);
}

fn print(page: &str, hosts: Vec<domain::observation::HostObservation>) {
    for banner in hosts.into_iter().flat_map(|host| host.banners) {
        let mut banner = json!(banner);
        let claims = banner.get_mut("vulnerabilities").and_then(Value::as_object_mut);
        for claim in claims.into_iter().flat_map(|claims| claims.values_mut()).filter_map(Value::as_object_mut) {
            // Long, and nothing that a rule looks at.
            claim.remove("summary");
            claim.remove("references");
        }
        println!(r#"{{"page":"{page}","banner":{banner}}}"#);
    }
}
