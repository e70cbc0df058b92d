use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use domain::finding::FindingState;
use domain::rule::RuleId;
use domain::severity::Severity;
use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::order::{Cursor, Direction, Order};

/// How many findings there are, by state and severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts(pub [[u32; 5]; 5]);

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, state: FindingState, severity: Severity) {
        self.0[state as usize][severity as usize] += 1;
    }

    /// Counts one less.
    pub fn remove(&mut self, state: FindingState, severity: Severity) {
        let cell = &mut self.0[state as usize][severity as usize];
        *cell = cell.saturating_sub(1);
    }

    /// Of one state and severity.
    pub fn of(&self, state: FindingState, severity: Severity) -> u32 {
        self.0[state as usize][severity as usize]
    }

    /// Of one state.
    pub fn total(&self, state: FindingState) -> u32 {
        self.0[state as usize].iter().sum()
    }

    /// Of the states and severities that are wanted.
    #[must_use]
    pub fn only(mut self, state: impl Fn(FindingState) -> bool, severity: impl Fn(Severity) -> bool) -> Self {
        for one in FindingState::ALL.into_iter().filter(|one| !state(*one)) {
            self.0[one as usize] = [0; 5];
        }
        for one in Severity::ALL.into_iter().filter(|one| !severity(*one)) {
            self.0.iter_mut().for_each(|of_state| of_state[one as usize] = 0);
        }
        self
    }

    /// Of both.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for (row, more) in self.0.iter_mut().flatten().zip(other.0.iter().flatten()) {
            *row += more;
        }
        self
    }
}

/// What the directory says of one asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssetSummary {
    /// Its findings.
    pub counts: Counts,
    /// The greatest risk of its active findings.
    pub risk: u8,
}

/// Who asks for an order first is given so many entries of it; most people read no further.
const HEAD: usize = 1024;

/// The directory of one bucket at one version of its head. Sums are made once, when first asked for; so are orders, when
/// asked for a second time: while findings change, few versions are asked twice.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// No two that a process makes have the same.
    pub(super) serial: u64,
    entries: Vec<Entry>,
    orders: [OnceLock<Vec<u32>>; 4],
    asked: [AtomicBool; 4],
    assets: OnceLock<HashMap<u128, AssetSummary>>,
    rules: OnceLock<HashMap<u64, Counts>>,
}

impl Snapshot {
    /// All chunks together.
    pub fn of(serial: u64, chunks: &[Arc<Vec<Entry>>]) -> Self {
        Self { serial, entries: chunks.iter().flat_map(|c| c.iter().copied()).collect(), ..Self::default() }
    }

    /// All entries, in no order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What the directory says of an asset.
    pub fn asset(&self, ulid: &str) -> AssetSummary {
        let sums = self.assets.get_or_init(|| {
            let mut sums: HashMap<u128, AssetSummary> = HashMap::new();
            for entry in &self.entries {
                let sum = sums.entry(entry.owner).or_default();
                sum.counts.add(entry.state, entry.severity);
                if entry.state.is_active() {
                    sum.risk = sum.risk.max(entry.risk);
                }
            }
            sums
        });
        sums.get(&super::entry::number(ulid)).copied().unwrap_or_default()
    }

    /// The findings of a rule.
    pub fn rule(&self, id: &RuleId) -> Counts {
        let sums = self.rules.get_or_init(|| {
            let mut sums: HashMap<u64, Counts> = HashMap::new();
            for entry in &self.entries {
                sums.entry(entry.rule).or_default().add(entry.state, entry.severity);
            }
            sums
        });
        sums.get(&super::entry::rule_number(id)).copied().unwrap_or_default()
    }

    /// The entries in an order, from just behind `after` (or from the start), in a direction.
    pub fn walk(
        &self,
        order: Order,
        direction: Direction,
        after: Option<Cursor>,
    ) -> Box<dyn Iterator<Item = &Entry> + Send + '_> {
        let place = order.place();
        if self.orders[place].get().is_some() || self.asked[place].swap(true, Ordering::Relaxed) {
            self.walk_sorted(order, direction, after)
        } else {
            self.walk_head(order, direction, after)
        }
    }

    /// The same, with all entries in order.
    fn walk_sorted(
        &self,
        order: Order,
        direction: Direction,
        after: Option<Cursor>,
    ) -> Box<dyn Iterator<Item = &Entry> + Send + '_> {
        let sorted = self.sorted(order);
        let cursor_of = move |at: &u32| Cursor::of(order, &self.entries[*at as usize]);
        match direction {
            Direction::Ascending => {
                let start = after.map_or(0, |c| sorted.partition_point(|at| cursor_of(at) <= c));
                Box::new(sorted[start..].iter().map(|at| &self.entries[*at as usize]))
            }
            Direction::Descending => {
                let end = after.map_or(sorted.len(), |c| sorted.partition_point(|at| cursor_of(at) < c));
                Box::new(sorted[..end].iter().rev().map(|at| &self.entries[*at as usize]))
            }
        }
    }

    /// The same, with no more in order than are asked for as a rule.
    fn walk_head(
        &self,
        order: Order,
        direction: Direction,
        after: Option<Cursor>,
    ) -> Box<dyn Iterator<Item = &Entry> + Send + '_> {
        let cursor_of = move |at: &u32| Cursor::of(order, &self.entries[*at as usize]);
        let compare = |one: &Cursor, other: &Cursor| match direction {
            Direction::Ascending => one.cmp(other),
            Direction::Descending => other.cmp(one),
        };
        let is_behind = |at: &u32| after.is_none_or(|after| compare(&cursor_of(at), &after).is_gt());
        let mut head: Vec<u32> = self.places().filter(is_behind).collect();
        let more = head.len() > HEAD;
        if more {
            head.select_nth_unstable_by(HEAD, |one, other| compare(&cursor_of(one), &cursor_of(other)));
            head.truncate(HEAD);
        }
        head.sort_unstable_by(|one, other| compare(&cursor_of(one), &cursor_of(other)));
        let last = head.last().filter(|_| more).map(cursor_of);
        let rest = last.into_iter().flat_map(move |last| self.walk_sorted(order, direction, Some(last)));
        Box::new(head.into_iter().map(|at| &self.entries[at as usize]).chain(rest))
    }

    /// Where entries stand.
    fn places(&self) -> impl Iterator<Item = u32> {
        0..u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    fn sorted(&self, order: Order) -> &[u32] {
        self.orders[order.place()].get_or_init(|| {
            let mut all: Vec<u32> = self.places().collect();
            all.sort_unstable_by_key(|at| Cursor::of(order, &self.entries[*at as usize]));
            all
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::severity::Confidence;
    use proptest::prelude::*;

    use super::super::entry::Flags;
    use super::*;

    /// Entries with many ties.
    fn entries(count: u64, seed: u64) -> Vec<Entry> {
        let one = |number: u64| {
            let chance = (number ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
            let [a, b, c, d, ..] = chance.to_le_bytes();
            Entry {
                birth: u128::from(a % 7),
                owner: u128::from(a % 5),
                fingerprint: number,
                severity: Severity::High,
                state: FindingState::Open,
                confidence: Confidence::Verified,
                category: 0,
                risk: b % 101,
                flags: Flags(0),
                port: 0,
                first: u32::from(c),
                opened: u32::from(c),
                updated: u32::from(d),
                due: u32::from(d % 3) * u32::from(b),
                resolved: 0,
                resolution: 0,
                ssvc: 0,
                rule: u64::from(a),
                cves: 0,
            }
        };
        (0..count).map(one).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn who_asks_first_is_told_the_same_as_who_asks_again(count in 0_u64..4_000, seed: u64, from: Option<u16>) {
            let all = entries(count, seed);
            for order in Order::ALL {
                let after = from.and_then(|at| Some(Cursor::of(order, all.get(usize::from(at))?)));
                for direction in [Direction::Ascending, Direction::Descending] {
                    let snapshot = Snapshot::of(1, &[Arc::new(all.clone())]);
                    let walk = || snapshot.walk(order, direction, after).map(|e| e.fingerprint).collect::<Vec<_>>();
                    let (first, again) = (walk(), walk());
                    prop_assert_eq!(&first, &again);
                    let behind = first.len() == all.len() || after.is_some();
                    prop_assert!(behind, "{} of {}", first.len(), all.len());
                }
            }
        }
    }
}
