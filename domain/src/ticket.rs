//! A ticket of somebody else's system, linked to a finding.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::actor::Actor;

/// A ticket about a finding. System and key together name it: linked again, the same ticket is brought up to date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// Whose ticket it is, such as `jira`, ≤ 100 characters.
    pub system: String,
    /// Its key there, such as `OPS-123`, ≤ 200 characters.
    pub key: String,
    /// Where people read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How it stands, in that system's words, ≤ 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// When it was linked first.
    pub linked_at: Timestamp,
    /// Who linked it first.
    pub linked_by: Actor,
}

impl Ticket {
    /// Is it the same ticket, whatever is said of it?
    pub fn is(&self, other: &Self) -> bool {
        self.system == other.system && self.key == other.key
    }
}
