//! How many findings there are.

use app::directory::Counts;
use async_graphql::{Object, SimpleObject};
use domain::finding::FindingState;
use domain::severity::Severity;

/// How many findings there are, by state and severity.
pub struct FindingCounts(pub Counts);

/// How many, by severity.
#[derive(SimpleObject)]
pub struct SeverityCounts {
    /// How many are CRITICAL.
    critical: i32,
    /// How many are HIGH.
    high: i32,
    /// How many are MEDIUM.
    medium: i32,
    /// How many are LOW.
    low: i32,
    /// How many are INFO.
    info: i32,
    /// How many there are of all severities.
    total: i32,
}

/// How many findings there are, by state and severity.
#[Object]
impl FindingCounts {
    /// Nobody has decided anything.
    async fn open(&self) -> SeverityCounts {
        self.of(FindingState::Open)
    }
    /// Somebody works on it.
    async fn acknowledged(&self) -> SeverityCounts {
        self.of(FindingState::Acknowledged)
    }
    /// The risk is taken.
    async fn accepted(&self) -> SeverityCounts {
        self.of(FindingState::Accepted)
    }
    /// It is not so.
    async fn false_positive(&self) -> SeverityCounts {
        self.of(FindingState::FalsePositive)
    }
    /// It is gone.
    async fn resolved(&self) -> SeverityCounts {
        self.of(FindingState::Resolved)
    }
}

impl FindingCounts {
    pub(crate) fn of(&self, state: FindingState) -> SeverityCounts {
        SeverityCounts::each(self.0.0[state as usize])
    }
}

impl SeverityCounts {
    /// Counts in the order of [`Severity::ALL`].
    pub(crate) fn each(counts: [u32; 5]) -> Self {
        let of = |severity: Severity| int(counts[severity as usize] as usize);
        Self {
            critical: of(Severity::Critical),
            high: of(Severity::High),
            medium: of(Severity::Medium),
            low: of(Severity::Low),
            info: of(Severity::Info),
            total: int(counts.iter().sum::<u32>() as usize),
        }
    }
}

/// A count as GraphQL's Int holds it.
pub(crate) fn int(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
