use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::entry::Entry;

/// By what findings are ordered; ties by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Risk.
    Risk,
    /// First observed.
    FirstObserved,
    /// Updated.
    Updated,
    /// Due; what has no date comes after all that have one.
    Due,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Risk, Self::FirstObserved, Self::Updated, Self::Due];

    /// Its place among [`Self::ALL`].
    pub(super) const fn place(self) -> usize {
        self as usize
    }

    /// What an entry is ordered by.
    pub fn key(self, entry: &Entry) -> u32 {
        match self {
            Self::Risk => u32::from(entry.risk),
            Self::FirstObserved => entry.first,
            Self::Updated => entry.updated,
            Self::Due if entry.due == 0 => u32::MAX,
            Self::Due => entry.due,
        }
    }
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// A place in an order that stays valid while rows come and go: the key and id of the entry it stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// What it is ordered by.
    pub key: u32,
    /// Id, first half.
    pub birth: u128,
    /// Id, second half.
    pub fingerprint: u64,
}

impl Cursor {
    /// The place of an entry.
    pub fn of(order: Order, entry: &Entry) -> Self {
        Self { key: order.key(entry), birth: entry.birth, fingerprint: entry.fingerprint }
    }

    /// As text.
    pub fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(28);
        bytes.extend(self.key.to_be_bytes());
        bytes.extend(self.birth.to_be_bytes());
        bytes.extend(self.fingerprint.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// From text; `None`: not one of ours.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes: [u8; 28] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (key, rest) = bytes.split_first_chunk::<4>()?;
        let (birth, fingerprint) = rest.split_first_chunk::<16>()?;
        Some(Self {
            key: u32::from_be_bytes(*key),
            birth: u128::from_be_bytes(*birth),
            fingerprint: u64::from_be_bytes(fingerprint.try_into().ok()?),
        })
    }
}
