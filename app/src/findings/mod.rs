//! What is wrong, and what people do about it.

mod assign;
mod days;
mod events;
mod facets;
mod filter;
mod groups;
mod hosts;
mod keyed;
mod list;
mod overview;
mod read;
mod services;
mod sieve;
mod stored;
mod sweep;
mod tickets;
mod transitions;
mod triage;

pub use assign::assign;
pub use days::Day;
pub(crate) use days::close_day;
pub use events::{EventFilter, EventPage, events_page};
pub use facets::{VulnerabilitySummary, countries, top_products, top_vulnerabilities, vulnerability};
pub use filter::FindingFilter;
pub use groups::{Dimension, Group, Groups, groups};
pub use hosts::{HostFilter, HostPage, HostView, host, hosts_count, hosts_page};
pub(crate) use list::matching_rows;
pub use list::{FindingPage, Listed, counts, page};
pub use overview::{Overview, overview};
pub use read::{event, finding, findings_of, service};
pub use services::{ServiceFilter, ServicePage, services_at, services_count, services_page};
pub(crate) use stored::{StoredAsset, alias_row, forget, host_key, load, plain};
pub use tickets::{TicketDraft, link_ticket};
pub use triage::{TriageRequest, comment, comment_once, triage};
