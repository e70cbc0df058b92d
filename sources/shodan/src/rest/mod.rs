//! The operations of the REST API besides look-ups and searches, one file per group.
//!
//! Here belong what Shodan calls them, what they take and what they answer. Never here: when to call them.

mod account;
mod alerts;
mod datasets;
mod directory;
mod dns;
mod notifiers;
mod organization;
mod queries;
mod scans;
mod tools;
mod triggers;

pub use account::{ApiInfo, Profile};
pub use alerts::{Alert, EnabledTrigger};
pub use datasets::{DataFile, DataSet};
pub use directory::Protocol;
pub use dns::{Domain, DomainOptions, DomainRecord, Reverse};
pub use notifiers::{Notifier, Provider};
pub use organization::{Organization, OrganizationMember};
pub use queries::{QueryOrder, SavedQueries, SavedQuery};
pub use scans::{ScanPage, ScanProgress, ScanService, ScanState, SubmittedScan};
pub use triggers::{IgnoredService, Trigger};
