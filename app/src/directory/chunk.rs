use domain::finding::FindingState;
use domain::severity::{Confidence, Severity};

use super::entry::{Entry, Flags};
use crate::ports::StoreError;

/// Layout: a u16 with the number of assets, their ulids (16 bytes each), a u16 with the number of rules, their numbers
/// (8 bytes each), then the entries (50 bytes each), all little-endian. Entries name assets and rules by their places.
const ENTRY: usize = 50;
const ASSET: usize = 16;
const RULE: usize = 8;
/// A column of a row holds no more.
const LIMIT: usize = 64 * 1024 - 4;

/// So many entries fit a chunk whatever they are: each with two assets and a rule of its own.
pub const CAPACITY: usize = LIMIT / (ENTRY + 2 * ASSET + RULE);

/// The bytes of a chunk.
pub fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut assets: Vec<u128> = entries.iter().flat_map(|e| [e.birth, e.owner]).collect();
    assets.sort_unstable();
    assets.dedup();
    let mut rules: Vec<u64> = entries.iter().map(|e| e.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let mut bytes = Vec::with_capacity(4 + assets.len() * ASSET + rules.len() * RULE + entries.len() * ENTRY);
    bytes.extend(u16::try_from(assets.len()).unwrap_or(u16::MAX).to_le_bytes());
    for ulid in &assets {
        bytes.extend(ulid.to_le_bytes());
    }
    bytes.extend(u16::try_from(rules.len()).unwrap_or(u16::MAX).to_le_bytes());
    for rule in &rules {
        bytes.extend(rule.to_le_bytes());
    }
    for e in entries {
        for place in [assets.binary_search(&e.birth), assets.binary_search(&e.owner), rules.binary_search(&e.rule)] {
            bytes.extend(u16::try_from(place.unwrap_or(0)).unwrap_or(0).to_le_bytes());
        }
        bytes.extend(e.fingerprint.to_le_bytes());
        let state = FindingState::ALL.iter().position(|s| *s == e.state).unwrap_or(0);
        let severity = Severity::ALL.iter().position(|s| *s == e.severity).unwrap_or(0);
        let verified = usize::from(e.confidence == Confidence::Verified);
        bytes.push(u8::try_from(severity | state << 3 | verified << 6).unwrap_or(0));
        bytes.extend([e.category, e.risk, e.flags.0, e.resolution, e.ssvc]);
        bytes.extend(e.port.to_le_bytes());
        for at in [e.first, e.opened, e.updated, e.due, e.resolved] {
            bytes.extend(at.to_le_bytes());
        }
        bytes.extend(e.cves.to_le_bytes());
    }
    bytes
}

/// The entries of a chunk.
pub fn decode(bytes: &[u8]) -> Result<Vec<Entry>, StoreError> {
    let corrupt = || StoreError::Corrupt("a directory chunk has a wrong length".into());
    let (count, rest) = bytes.split_first_chunk::<2>().ok_or_else(corrupt)?;
    let assets_len = usize::from(u16::from_le_bytes(*count)) * ASSET;
    let (assets, rest) = rest.split_at_checked(assets_len).ok_or_else(corrupt)?;
    let assets: Vec<u128> = assets.as_chunks::<ASSET>().0.iter().map(|b| u128::from_le_bytes(*b)).collect();
    let (count, rest) = rest.split_first_chunk::<2>().ok_or_else(corrupt)?;
    let (rules, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*count)) * RULE).ok_or_else(corrupt)?;
    let rules: Vec<u64> = rules.as_chunks::<RULE>().0.iter().map(|b| u64::from_le_bytes(*b)).collect();
    let (entries, tail) = rest.as_chunks::<ENTRY>();
    if !tail.is_empty() {
        return Err(corrupt());
    }
    entries.iter().map(|b| read(b, &assets, &rules).ok_or_else(corrupt)).collect()
}

fn read(b: &[u8; ENTRY], assets: &[u128], rules: &[u64]) -> Option<Entry> {
    let word = |at: usize| u16::from_le_bytes([b[at], b[at + 1]]);
    let long = |at: usize| u32::from_le_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]]);
    let wide = |at: usize| b.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let packed = usize::from(b[14]);
    Some(Entry {
        birth: *assets.get(usize::from(word(0)))?,
        owner: *assets.get(usize::from(word(2)))?,
        rule: *rules.get(usize::from(word(4)))?,
        fingerprint: wide(6)?,
        severity: *Severity::ALL.get(packed & 7)?,
        state: *FindingState::ALL.get(packed >> 3 & 7)?,
        confidence: if packed >> 6 & 1 == 1 { Confidence::Verified } else { Confidence::Inferred },
        category: b[15],
        risk: b[16],
        flags: Flags(b[17]),
        resolution: b[18],
        ssvc: b[19],
        port: word(20),
        first: long(22),
        opened: long(26),
        updated: long(30),
        due: long(34),
        resolved: long(38),
        cves: wide(42)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry() -> impl Strategy<Value = Entry> {
        (
            any::<([u8; 4], u64, u8, u64)>(),
            (0usize..5, 0usize..5, any::<bool>()),
            any::<(u8, u8, u8, u16, u8, u8)>(),
            any::<[u32; 5]>(),
        )
            .prop_map(|((assets, fingerprint, rule, cves), (severity, state, verified), small, times)| {
                let (category, risk, flags, port, resolution, ssvc) = small;
                let [first, opened, updated, due, resolved] = times;
                Entry {
                    birth: u128::from(assets[0]) << 77,
                    owner: u128::from(assets[1]) << 77,
                    fingerprint,
                    severity: Severity::ALL[severity],
                    state: FindingState::ALL[state],
                    confidence: if verified { Confidence::Verified } else { Confidence::Inferred },
                    category,
                    risk,
                    flags: Flags(flags),
                    port,
                    first,
                    opened,
                    updated,
                    due,
                    resolved,
                    resolution,
                    ssvc,
                    rule: u64::from(rule) << 51,
                    cves,
                }
            })
    }

    proptest! {
        #[test]
        fn a_chunk_comes_back_as_it_was(entries in proptest::collection::vec(entry(), 0..300)) {
            prop_assert_eq!(decode(&encode(&entries)).unwrap(), entries);
        }

        #[test]
        fn garbage_is_an_error_and_not_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn a_full_chunk_fits_a_column() {
        let entries: Vec<Entry> = (0..CAPACITY as u128)
            .map(|n| Entry {
                birth: n,
                owner: n + (1 << 64),
                fingerprint: 1,
                severity: Severity::High,
                state: FindingState::Open,
                confidence: Confidence::Verified,
                category: 0,
                risk: 1,
                flags: Flags(0),
                port: 1,
                first: 1,
                opened: 1,
                updated: 1,
                due: 1,
                resolved: 0,
                resolution: 0,
                ssvc: 0,
                rule: u64::try_from(n).unwrap_or(0),
                cves: 1,
            })
            .collect();
        assert!(encode(&entries).len() <= 64 * 1024);
    }
}
