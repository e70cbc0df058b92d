//! FIRST's EPSS: the API for a few CVEs, the file of the day for many.

mod api;
mod file;

pub(super) use api::of;
pub(super) use file::of_the_day;
