//! Shodan as a source: the client (`shodan-client`) with our turns, our errors, and our words for what it saw.
//!
//! Here belong the way from Shodan's answers to `domain::observation` (`read/`) and the translation of its errors.
//! Never here: an operation of the API, which is the client's, or choosing what to ask.

mod alerts;
mod errors;
mod pace;
pub mod read;
mod research;
mod scans;

pub(crate) use errors::source_error;
pub(crate) use pace::Governed;
