//! How bad, and how sure.

use serde::{Deserialize, Serialize};

/// How bad a finding is. Ordered: `Info` is the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// Worth knowing, nothing to do.
    Info,
    /// Do it when convenient.
    Low,
    /// Plan it.
    Medium,
    /// Soon.
    High,
    /// Now.
    Critical,
}

impl Severity {
    /// From the least to the worst.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The band of a CVSS base score: 9 and above critical, 7 high, 4 medium, above 0 low (FIRST, CVSS v3.1 §5).
    pub fn from_cvss(score: f64) -> Self {
        if score >= 9.0 {
            Self::Critical
        } else if score >= 7.0 {
            Self::High
        } else if score >= 4.0 {
            Self::Medium
        } else if score > 0.0 {
            Self::Low
        } else {
            Self::Info
        }
    }

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

/// Was the flaw itself seen, or concluded from a version?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Confidence {
    /// Concluded from a version.
    Inferred,
    /// The flaw itself was seen.
    Verified,
}

impl Confidence {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inferred => "INFERRED",
            Self::Verified => "VERIFIED",
        }
    }
}
