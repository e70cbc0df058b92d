use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use domain::observation::{Banner, Transport};
use jiff::Timestamp;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use shodan_client::banner::fields::{self, Context, Essentials};
use shodan_client::banner::{Reason, Refused};
use shodan_client::lenient::{block, digits, line, object, string};

use super::facts::Facts;
use super::{blocks, tls, vulnerabilities};

const LONGEST_TEXT: usize = 4 * 1024;

/// One banner as it was read, with what it says of its host.
#[derive(Debug)]
pub(super) struct Sighting {
    pub(super) ip: IpAddr,
    pub(super) facts: Facts,
    pub(super) hostnames: Vec<String>,
    pub(super) banner: Banner,
    /// Equal for the same banner on two pages, whatever the pages.
    pub(super) mark: u64,
}

/// Reads one banner.
pub(super) fn read(raw: &RawValue, context: &Context) -> Result<Sighting, Refused> {
    let members = object(raw).ok_or(Refused { port: None, reason: Reason::NotAnObject })?;
    let essentials = Essentials::read(&members, context)?;
    let text = |name: &str, max| members.read(name, digits).and_then(|text| line(&text, max));
    let tags = fields::tags(&members);
    let claims = vulnerabilities::read(&members);
    let mut banner = Banner {
        port: essentials.port,
        transport: transport(essentials.transport),
        // The hash is of everything but this; the true instant follows.
        observed_at: Timestamp::UNIX_EPOCH,
        module: fields::module(&members),
        product: text("product", 256),
        version: text("version", 128),
        cpes: fields::cpes(&members),
        text: members.read("data", string).map(|data| block(&data, LONGEST_TEXT)).unwrap_or_default(),
        vulnerabilities: claims.vulnerable,
        not_vulnerable: claims.not_vulnerable,
        tls: members.read("ssl", object).map(|ssl| tls::read(&ssl, &tags)),
        blocks: blocks::read(&members),
        tags,
        hash: String::new(),
    };
    let refused = Refused { port: Some(essentials.port), reason: Reason::NotAnObject };
    banner.hash = hash(&banner).ok_or(refused)?;
    banner.observed_at = essentials.timestamp;
    let own = members.object("_shodan");
    let mut mark = DefaultHasher::new();
    (own.read("id", digits), essentials.ip, banner.port, banner.transport, banner.observed_at).hash(&mut mark);
    banner.hash.hash(&mut mark);
    Ok(Sighting {
        mark: mark.finish(),
        ip: essentials.ip,
        facts: Facts::of_banner(&members),
        hostnames: fields::hostnames(&members),
        banner,
    })
}

fn transport(transport: fields::Transport) -> Transport {
    match transport {
        fields::Transport::Tcp => Transport::Tcp,
        fields::Transport::Udp => Transport::Udp,
    }
}

/// The first 16 hex digits of SHA-256 over the banner, whose maps are all sorted by name.
fn hash(banner: &Banner) -> Option<String> {
    let canonical = serde_json::to_vec(banner).ok()?;
    let mut hex = format!("{:x}", Sha256::digest(canonical));
    hex.truncate(16);
    Some(hex)
}
