//! The corpus as it is committed: what must never be reached, and what must.

use std::net::IpAddr;
use std::path::Path;

use crate::families::{addresses, rendered, urls};

const ADDRESSES: &str = include_str!("corpus/addresses.txt");
const URLS: &str = include_str!("corpus/urls.txt");
const PUBLIC: &str = include_str!("corpus/public.txt");

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

/// Addresses that must not be reached.
pub(crate) fn forbidden_addresses() -> Vec<IpAddr> {
    lines(ADDRESSES).map(|ip| ip.parse().unwrap()).collect()
}

/// Addresses of hosts on the Internet, and the next neighbours of special ranges.
pub(crate) fn public_addresses() -> Vec<IpAddr> {
    lines(PUBLIC).map(|ip| ip.parse().unwrap()).collect()
}

/// URLs that must be refused before anything is resolved; `port` is where a loopback server listens.
pub(crate) fn forbidden_urls(port: u16) -> Vec<String> {
    let committed = lines(URLS).map(|url| url.replace("{port}", &port.to_string()));
    committed.chain(INVISIBLE.map(|authority| format!("https://{authority}:{port}/"))).collect()
}

/// Host parts with characters that a file of lines cannot hold.
const INVISIBLE: [&str; 7] = [
    "example.com\r\nHost: 127.0.0.1",
    " 127.0.0.1",
    "127.0.0.1 ",
    "\t127.0.0.1",
    "exam ple.com",
    "",
    "\u{202e}example.com",
];

/// URLs of receivers as people have them.
pub(crate) const RECEIVERS: &[&str] = &[
    "https://hooks.slack.com/services/T000/B000/xyz",
    "https://discord.com/api/webhooks/1/abc",
    "https://events.pagerduty.com/v2/enqueue",
    "https://events.eu.pagerduty.com/v2/enqueue",
    "https://prod-1.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?api-version=2016-06-01&sig=a%2Fb",
    "https://default0.00.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/x",
    "https://hooks.example.com.:8443/iot",
    "https://a.b-c.example.co.uk/~x/?q=1,2;3",
    "https://bücher.example/hook",
    "https://例え.テスト.example/",
    "https://internal.example.com/",
    "https://localhost.example.com/",
    "https://my_receiver.example.com:10443/",
    "https://8.8.8.8/hook",
    "https://1.1.1.1:8443/",
    "HTTPS://EXAMPLE.COM/",
    "https://example.com",
];

/// A family that is added or changed shows in the committed files, and nothing else does.
#[test]
fn what_is_committed_is_what_the_families_give() {
    for (name, committed, families) in [("addresses.txt", ADDRESSES, addresses()), ("urls.txt", URLS, urls())] {
        let made = rendered(&families);
        if made != committed {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
            std::fs::write(&path, made).unwrap();
            panic!("the families give another {name}: compare and copy {}", path.display());
        }
    }
}
