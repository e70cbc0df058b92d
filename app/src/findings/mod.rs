//! What is wrong, and what people do about it.

mod hand_over;
mod list;
mod read;
mod stored;
mod triage;

pub(crate) use hand_over::hand_over;
pub use list::{FindingFilter, FindingPage, Listed, counts, page};
pub use read::{
    EventFilter, EventPage, HostView, Overview, ServiceFilter, ServicePage, event, events_page, finding, findings_of,
    host, hosts_of, overview, service, services_page,
};
pub(crate) use stored::{StoredAsset, alias_row, host_key, load, plain};
pub use triage::{TriageRequest, comment, comment_once, triage};
