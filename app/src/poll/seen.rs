//! What a poll group remembers of the banners that its members have shown lately: enough to say "nothing new" without
//! reading a service.

use std::collections::HashSet;

use domain::observation::HostObservation;
use domain::target::AssetKind;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// Bytes of a banner's hash.
const BYTES: usize = 6;
/// News reach back some days; older banners do not come again.
const LATELY: SignedDuration = SignedDuration::from_hours(5 * 24);

/// Hashes of banners, packed one behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen(HashSet<[u8; BYTES]>);

impl Seen {
    /// Reads what was packed; what cannot be read was not seen.
    pub(super) fn read(packed: &[u8]) -> Self {
        Self(packed.chunks_exact(BYTES).filter_map(|chunk| chunk.try_into().ok()).collect())
    }

    /// Are all banners of these hosts known?
    pub(super) fn has_all(&self, hosts: &[HostObservation]) -> bool {
        hosts.iter().all(|host| hashes(host).all(|(_, hash)| self.0.contains(&hash)))
    }

    /// Packs what is known after an answer: of a whole one its recent banners, otherwise what was known and what came.
    /// Above the bound only what came is kept: then something old may look new and is judged once more.
    pub(super) fn after(&self, hosts: &[HostObservation], whole: bool, kind: AssetKind, now: Timestamp) -> Vec<u8> {
        let recent = now.checked_sub(LATELY).unwrap_or(Timestamp::MIN);
        let came: HashSet<_> =
            hosts.iter().flat_map(hashes).filter(|(at, _)| *at >= recent).map(|(_, hash)| hash).collect();
        let mut all: Vec<_> =
            if whole { came.clone() } else { self.0.union(&came).copied().collect() }.into_iter().collect();
        if all.len() > bound(kind) {
            all = came.into_iter().collect();
        }
        all.sort_unstable();
        all.truncate(bound(kind));
        all.concat()
    }
}

/// A group of 256 devices takes 72 KiB, a network 48: all of a /20 that was looked at within days.
const fn bound(kind: AssetKind) -> usize {
    match kind {
        AssetKind::Device | AssetKind::Domain => 48,
        AssetKind::Network | AssetKind::Query => 8192,
    }
}

fn hashes(host: &HostObservation) -> impl Iterator<Item = (Timestamp, [u8; BYTES])> {
    host.banners.iter().map(|banner| {
        let text =
            format!("{}|{}|{}|{}|{}", host.ip, banner.port, banner.transport.as_str(), banner.observed_at, banner.hash);
        let digest = Sha256::digest(text);
        let mut hash = [0; BYTES];
        hash.copy_from_slice(&digest[..BYTES]);
        (banner.observed_at, hash)
    })
}
