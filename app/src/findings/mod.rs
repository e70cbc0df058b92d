//! What is wrong, and what people do about it.

mod assign;
mod filter;
mod list;
mod read;
mod sieve;
mod stored;
mod sweep;
mod tickets;
mod transitions;
mod triage;

pub use assign::assign;
pub use filter::FindingFilter;
pub use list::{FindingPage, Listed, counts, page};
pub use read::{
    EventFilter, EventPage, HostView, Overview, ServiceFilter, ServicePage, event, events_page, finding, findings_of,
    host, hosts_of, overview, service, services_page,
};
pub(crate) use stored::{StoredAsset, alias_row, host_key, load, plain};
pub use tickets::{TicketDraft, link_ticket};
pub use triage::{TriageRequest, comment, comment_once, triage};
