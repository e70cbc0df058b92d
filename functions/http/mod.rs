//! What all HTTP entries share: the routes, who is asking, how answers leave.
//!
//! What an entry does stands in its own folder, beside the `function.json` that the Functions host reads. Never here:
//! decisions; an entry decodes, makes one call into `app` or `schema`, and encodes.

mod allowance;
mod answer;
mod asking;
mod cors;
mod page;
mod program;
mod routes;
mod security;
mod serve;

pub use allowance::Allowances;
pub use answer::{json, problem};
pub use asking::{asking, by_cookie, client_address, cookie_named};
pub(crate) use page::Page;
pub use program::Program;
pub(crate) use routes::nothing_here;
pub use routes::{Doors, router};
pub use serve::serve_on;
