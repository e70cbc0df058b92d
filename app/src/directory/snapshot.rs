use std::collections::HashMap;
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

/// The directory of one bucket at one version of its head. Orders and sums are made once, when first asked for.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// No two that a process makes have the same.
    pub(super) serial: u64,
    entries: Vec<Entry>,
    orders: [OnceLock<Vec<u32>>; 4],
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

    fn sorted(&self, order: Order) -> &[u32] {
        let place = Order::ALL.iter().position(|o| *o == order).unwrap_or(0);
        self.orders[place].get_or_init(|| {
            let mut all: Vec<u32> = (0..u32::try_from(self.entries.len()).unwrap_or(u32::MAX)).collect();
            all.sort_unstable_by_key(|at| Cursor::of(order, &self.entries[*at as usize]));
            all
        })
    }
}
