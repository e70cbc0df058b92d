use std::collections::BTreeMap;
use std::net::IpAddr;

use domain::ids::OrgId;
use domain::target::Target;
use ipnet::IpNet;

use crate::assets::Register;

/// An alert that should be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its name, by which it is known again.
    pub(super) name: String,
    /// What it watches, sorted.
    pub(super) networks: Vec<IpNet>,
}

impl Wanted {
    /// How many addresses it watches.
    pub(super) fn size(&self) -> u64 {
        self.networks.iter().map(size).fold(0, u64::saturating_add)
    }
}

pub(super) fn size(network: &IpNet) -> u64 {
    let bits = u32::from(network.max_prefix_len() - network.prefix_len());
    1_u64.checked_shl(bits).unwrap_or(u64::MAX)
}

/// What the names of our alerts begin with: an alert is ours if it bears the organization's mark.
pub(super) fn mark(org: &OrgId) -> String {
    format!("iotmonitor {} ", org.ulid())
}

/// The alerts that the assets call for: one for each network, and one for the devices and domains of each poll group
/// whose addresses lie in no network. Those of the fewest addresses come first.
pub(super) fn wanted(org: &OrgId, register: &Register) -> Vec<Wanted> {
    let watched = || register.assets().filter(|asset| asset.retired_at.is_none() && asset.enabled);
    let network = |target: &Target| match target {
        Target::Network(net) => Some(net.trunc()),
        _ => None,
    };
    let networks: Vec<IpNet> = watched().filter_map(|asset| network(&asset.target)).collect();
    let mut alerts = Vec::new();
    let mut groups: BTreeMap<u32, Vec<IpNet>> = BTreeMap::new();
    for asset in watched() {
        let addresses: Vec<IpAddr> = match &asset.target {
            Target::Address(ip) => vec![*ip],
            Target::Hostname(_) => asset.addresses.clone(),
            Target::Network(net) => {
                // A network inside another is watched with that.
                let inner = networks.iter().any(|other| *other != net.trunc() && other.contains(&net.trunc()));
                if !inner {
                    let name = format!("{}{}", mark(org), asset.id.ulid);
                    alerts.push(Wanted { name, networks: vec![net.trunc()] });
                }
                Vec::new()
            }
            Target::Query(_) => Vec::new(),
        };
        let outside = addresses.into_iter().filter(|ip| !networks.iter().any(|net| net.contains(ip)));
        groups.entry(asset.group).or_default().extend(outside.map(IpNet::from));
    }
    for (group, mut networks) in groups {
        networks.sort();
        networks.dedup();
        if !networks.is_empty() {
            alerts.push(Wanted { name: format!("{}group {group}", mark(org)), networks });
        }
    }
    alerts.sort_by(|a, b| a.size().cmp(&b.size()).then_with(|| a.name.cmp(&b.name)));
    alerts
}

/// As many as fit into so many addresses; the others are left out. `None`: there is no limit.
pub(super) fn fitting(wanted: Vec<Wanted>, room: Option<u64>) -> (Vec<Wanted>, Vec<Wanted>) {
    let mut left = room.unwrap_or(u64::MAX);
    wanted.into_iter().partition(|alert| {
        let fits = alert.size() <= left;
        left = if fits { left - alert.size() } else { left };
        fits
    })
}
