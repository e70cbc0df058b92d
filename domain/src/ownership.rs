//! Whose is an address? DEVICE before DOMAIN before the longest-prefix NETWORK before QUERY.
//!
//! Services and findings are stored once, at the owner; other assets that cover the address list them too.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::asset::Asset;
use crate::ids::AssetId;
use crate::target::Target;

/// The active assets of an organization, by what they cover.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    devices: HashMap<IpAddr, AssetId>,
    domains: HashMap<IpAddr, AssetId>,
    networks: Vec<(IpNet, AssetId)>,
}

impl Owners {
    /// Reads them off the assets; retired ones own nothing. Where two domains have an address, the elder owns it.
    pub fn of<'a>(assets: impl IntoIterator<Item = &'a Asset>) -> Self {
        let mut owners = Self::default();
        for asset in assets.into_iter().filter(|a| a.retired_at.is_none()) {
            match &asset.target {
                Target::Address(ip) => {
                    owners.devices.insert(*ip, asset.id.clone());
                }
                Target::Network(net) => owners.networks.push((*net, asset.id.clone())),
                Target::Hostname(_) => {
                    for ip in &asset.addresses {
                        let owner = owners.domains.entry(*ip).or_insert_with(|| asset.id.clone());
                        if asset.id.ulid < owner.ulid {
                            *owner = asset.id.clone();
                        }
                    }
                }
                Target::Query(_) => {}
            }
        }
        owners.networks.sort_by(|a, b| b.0.prefix_len().cmp(&a.0.prefix_len()).then_with(|| a.1.cmp(&b.1)));
        owners
    }

    /// The owner of an address that `finder` (an asset that covers it) found.
    pub fn owner(&self, ip: IpAddr, finder: &AssetId) -> AssetId {
        let ip = ip.to_canonical();
        let network = || self.networks.iter().find(|(net, _)| net.contains(&ip)).map(|(_, id)| id);
        self.devices.get(&ip).or_else(|| self.domains.get(&ip)).or_else(network).unwrap_or(finder).clone()
    }

    /// Is the address a device's or a domain's, rather than just one of a network?
    pub fn names(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.devices.contains_key(&ip) || self.domains.contains_key(&ip)
    }

    /// The longest network that contains a target and is not it.
    pub fn parent(&self, target: &Target, own: &AssetId) -> Option<&AssetId> {
        let inside = |net: &IpNet| match target {
            Target::Address(ip) => net.contains(ip),
            Target::Network(other) => net.contains(other) && net != other,
            Target::Hostname(_) | Target::Query(_) => false,
        };
        self.networks.iter().find(|(net, id)| id != own && inside(net)).map(|(_, id)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Bucket;
    use jiff::Timestamp;

    fn asset(n: u8, target: Target, addresses: &[&str]) -> Asset {
        Asset {
            id: AssetId { bucket: Bucket(0), ulid: format!("01J8ZQ4W3E9V6T5R2P1N0M8K{n:02}") },
            name: n.to_string(),
            target,
            device: crate::asset::DeviceProfile::default(),
            tags: Vec::new(),
            criticality: crate::asset::Criticality::Medium,
            owner: None,
            owner_email: None,
            external_id: None,
            notes: None,
            allowed_services: Vec::new(),
            poll_interval: None,
            enabled: true,
            group: 0,
            addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            retired_at: None,
            retired_reason: None,
        }
    }

    #[test]
    fn the_closest_claim_owns() {
        let query = asset(0, Target::query("org:x").unwrap(), &[]);
        let wide = asset(1, Target::parse("8.8.0.0/16", &[]).unwrap(), &[]);
        let narrow = asset(2, Target::parse("8.8.8.0/24", &[]).unwrap(), &[]);
        let domain = asset(3, Target::parse("a.example", &[]).unwrap(), &["8.8.8.1", "8.8.8.2"]);
        let device = asset(4, Target::parse("8.8.8.1", &[]).unwrap(), &[]);
        let mut assets = vec![query.clone(), wide.clone(), narrow.clone(), domain.clone(), device.clone()];
        let owners = Owners::of(&assets);
        for (ip, owner) in
            [("8.8.8.1", &device), ("8.8.8.2", &domain), ("8.8.8.3", &narrow), ("8.8.9.1", &wide), ("9.9.9.9", &query)]
        {
            assert_eq!(&owners.owner(ip.parse().unwrap(), &query.id), &owner.id, "{ip}");
        }
        assert_eq!(owners.parent(&device.target, &device.id), Some(&narrow.id));
        assert_eq!(owners.parent(&narrow.target, &narrow.id), Some(&wide.id));
        assets[4].retired_at = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(Owners::of(&assets).owner("8.8.8.1".parse().unwrap(), &query.id), domain.id);
    }
}
