//! Shodan Monitor in real time: alerts that follow the assets, and pushes that become findings within seconds.
//!
//! For an organization with a Shodan key of its own the timer keeps an alert for each of its networks and for its
//! devices, touching none but those that bear its mark in their names, and Shodan posts what sets them off to
//! `/hooks/shodan/{token}`; a process that lives long keeps a stream open, too. A push is an observation like any other, but it only ever opens: what is gone, only polls
//! and scans can tell, and they mend what a push missed. Rows of `accounts`: `org:{id}`/`monitor` and
//! `org:{id}`/`monitor|pushes`; `hook:{sha256}`/`shodan` leads from a token to its organization. Never here: Shodan's
//! formats, or what a banner means.

mod channels;
mod ignored;
mod import;
mod keep;
mod push;
mod reconcile;
mod state;
mod stream;
mod token;
mod wanted;

pub use import::{Moved, import_alerts};
pub(crate) use keep::{keep, plan};
pub use push::{Posted, Refused, Taken, push};
pub use state::{MonitorState, Pushes, state};
pub use stream::{Feed, feeds, listen};
