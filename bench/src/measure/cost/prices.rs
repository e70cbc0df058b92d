//! What Azure bills, as its public price list and its rules say. Sources: Azure Retail Prices API as read on 2026-09-22 to
//! 2026-09-26 (US dollars, pay as you go, LRS, a storage account of version 2); the rule of the least second from the
//! documentation of the Flex Consumption plan. Never here: a figure of ours.

use std::time::Duration;

/// When the prices were read.
pub(super) const AS_OF: &str = "2026-09";
/// Hours of a month, as Azure counts.
pub(super) const HOURS: f64 = 730.0;
/// The size of instance for which the program is made, in GB.
const GB: f64 = 0.5;
const A_GB_SECOND: f64 = 0.000_026;
const FREE_GB_SECONDS: f64 = 100_000.0;
const AN_EXECUTION: f64 = 0.000_000_4;
const FREE_EXECUTIONS: f64 = 250_000.0;
const A_TABLE_TRANSACTION: f64 = 0.000_000_036;
const A_QUEUE_OPERATION: f64 = 0.000_000_4;
const A_BLOB_OPERATION: f64 = 0.000_000_44;
const A_GB_KEPT: f64 = 0.045;
/// Put, get, delete.
const OPERATIONS_OF_A_MESSAGE: f64 = 3.0;
/// Every ten seconds the platform looks whether a queue has grown, in two operations. Read of the plan before Flex.
const LOOKS_AT_A_QUEUE: f64 = HOURS * 360.0 * 2.0;
/// Renewals of the host's leases while an instance lives, an hour (azure-functions-host, 6188).
const RENEWALS: f64 = 300.0;
/// An instance that works is billed for at least so long.
const LEAST: Duration = Duration::from_secs(1);
/// And beyond that in steps.
const STEP: Duration = Duration::from_millis(100);

/// What a month took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Month {
    /// Seconds that are billed.
    pub(super) seconds: f64,
    /// Ticks, messages and requests.
    pub(super) executions: f64,
    /// Requests to tables.
    pub(super) transactions: f64,
    /// Messages on the queue.
    pub(super) messages: f64,
    /// Our own looks at the queue of what was given up on.
    pub(super) looks: f64,
    /// What is kept at the end.
    pub(super) gb: f64,
}

/// What it costs, in US dollars.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bill {
    pub(super) compute: f64,
    pub(super) tables: f64,
    pub(super) queues: f64,
}

impl Month {
    pub(super) fn gb_seconds(&self) -> f64 {
        self.seconds * GB
    }

    pub(super) fn queue_operations(&self) -> f64 {
        self.messages * OPERATIONS_OF_A_MESSAGE + self.looks + LOOKS_AT_A_QUEUE
    }

    pub(super) fn bill(&self) -> Bill {
        let over = |used: f64, free: f64| (used - free).max(0.0);
        Bill {
            compute: over(self.gb_seconds(), FREE_GB_SECONDS) * A_GB_SECOND
                + over(self.executions, FREE_EXECUTIONS) * AN_EXECUTION,
            tables: self.transactions * A_TABLE_TRANSACTION + self.gb * A_GB_KEPT,
            queues: self.queue_operations() * A_QUEUE_OPERATION,
        }
    }
}

impl Bill {
    pub(super) fn total(&self) -> f64 {
        self.compute + self.tables + self.queues
    }
}

/// What leases of the host would cost if an instance never slept; whether it does, only a deployment shows.
pub(super) fn leases() -> f64 {
    HOURS * RENEWALS * A_BLOB_OPERATION
}

/// What is billed for work of so long that nothing else overlaps.
pub(super) fn billed(work: Duration) -> Duration {
    let steps = work.as_nanos().div_ceil(STEP.as_nanos());
    STEP.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX)).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_is_free_and_every_activity_takes_a_second() {
        let nothing = Month::default().bill();
        assert_eq!((nothing.compute, nothing.tables), (0.0, 0.0));
        assert!((nothing.queues - 0.210_24).abs() < 1e-9, "{}", nothing.queues);
        let much = Month { seconds: 300_000.0, executions: 1_250_000.0, ..Month::default() }.bill();
        assert!((much.compute - 1.7).abs() < 1e-9, "{}", much.compute);
        let billed = |ms| super::billed(Duration::from_millis(ms)).as_millis();
        assert_eq!([billed(0), billed(1000), billed(1001)], [1000, 1000, 1100]);
    }
}
