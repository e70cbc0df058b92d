//! The words of SSVC.

use async_graphql::Enum;

/// When to act on a vulnerability, by CERT/CC's Stakeholder-Specific Vulnerability Categorization for deployers.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::ssvc::Decision")]
pub enum SsvcDecision {
    /// Not now.
    Defer,
    /// At the next maintenance.
    Scheduled,
    /// Sooner than the next maintenance.
    OutOfCycle,
    /// At once.
    Immediate,
}
