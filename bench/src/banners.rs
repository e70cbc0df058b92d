use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context, Result};
use app::ports::Ids;
use app::testing::SeededIds;
use ipnet::Ipv4Net;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sources::simulator::{Data, Options, Simulator};

/// The same devices in every run.
const SEED: u64 = 20_260_302;
/// Addresses of a network that answer.
const HOSTS: u8 = 200;
/// Services of an address: at least so many, and up to two more.
const SERVICES: usize = 2;
/// Where the documentation's devices live, which lend their banners.
const LENDERS: [[u8; 3]; 2] = [[198, 51, 100], [203, 0, 113]];

/// Made-up devices in private networks of 256 addresses. What each says is what a device of the demonstration says,
/// at another address, at another time.
pub(crate) struct Devices {
    /// Every banner.
    pub(crate) banners: Vec<Value>,
    /// The networks.
    pub(crate) networks: Vec<Ipv4Net>,
    /// The addresses that answer.
    pub(crate) addresses: Vec<IpAddr>,
}

impl Devices {
    /// Devices in so many networks, each with `hosts` addresses at most that answer, last seen within the two days
    /// before `now`.
    pub(crate) async fn in_networks(networks: u16, hosts: u8, now: Timestamp) -> Result<Self> {
        let lent = lent(now).await?;
        let chance = SeededIds::new(SEED);
        let mut devices = Self { banners: Vec::new(), networks: Vec::new(), addresses: Vec::new() };
        for number in 0..networks {
            let [high, low] = number.to_be_bytes();
            devices.networks.push(Ipv4Net::new(Ipv4Addr::new(10, high, low, 0), 24)?);
            for host in 1..=hosts.min(HOSTS) {
                let ip = IpAddr::from([10, high, low, host]);
                devices.addresses.push(ip);
                devices.banners.extend(services(&lent, &chance, ip, now));
            }
        }
        Ok(devices)
    }

    /// Somebody who answers with these banners.
    pub(crate) async fn simulator(&self) -> Result<Simulator> {
        let text = json!({ "matches": self.banners, "total": self.banners.len() }).to_string();
        let simulator = Simulator::start(Data::empty().and(text), Options::default()).await?;
        // The text is read at the first look, which is not part of any measurement.
        simulator.banners(self.addresses.first().copied().context("no devices")?);
        Ok(simulator)
    }
}

/// The banners of the demonstration.
async fn lent(now: Timestamp) -> Result<Vec<Value>> {
    let options = Options { shift_to: Some(now), ..Options::default() };
    let lender = Simulator::start(Simulator::demo_data(), options).await?;
    let addresses = LENDERS.into_iter().flat_map(|[a, b, c]| (0..=255).map(move |d| IpAddr::from([a, b, c, d])));
    Ok(addresses.flat_map(|ip| lender.banners(ip)).collect())
}

/// The services of one address: some of those that are lent, each port once.
fn services(lent: &[Value], chance: &SeededIds, ip: IpAddr, now: Timestamp) -> Vec<Value> {
    let wanted = SERVICES + below(chance, 3);
    let mut services: Vec<Value> = Vec::new();
    while services.len() < wanted {
        let mut banner = lent[below(chance, lent.len())].clone();
        if services.iter().any(|other| other["port"] == banner["port"]) {
            continue;
        }
        let minutes = i64::try_from(below(chance, 2 * 24 * 60)).unwrap_or_default();
        banner["ip_str"] = ip.to_string().into();
        banner["timestamp"] = written(now - SignedDuration::from_mins(minutes)).into();
        banner["hash"] = below(chance, 1 << 31).into();
        if let Some(members) = banner.as_object_mut() {
            members.remove("ip");
        }
        services.push(banner);
    }
    services
}

/// An instant as Shodan writes it.
pub(crate) fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

fn below(chance: &SeededIds, limit: usize) -> usize {
    let mut bytes = [0; 8];
    chance.fill(&mut bytes);
    let drawn = u64::from_le_bytes(bytes) % (limit as u64).max(1);
    usize::try_from(drawn).unwrap_or_default()
}
