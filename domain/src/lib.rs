//! The core: what the words of the product mean and how it decides.
//!
//! Here belong pure types and pure functions: targets, observations, services, findings, risk, rules, events.
//! Never here: I/O, async, a clock, randomness, names of other people's formats. Instants and ids come in as
//! arguments; the same arguments always give the same result.

pub mod actor;
mod appear;
pub mod asset;
pub mod cdn;
pub mod cve;
pub mod decide;
pub mod due;
pub mod email;
pub mod event;
pub mod finding;
pub mod host;
pub mod ids;
pub mod intelligence;
pub mod lifecycle;
pub mod membership;
pub mod merge;
pub mod observation;
pub mod ownership;
pub mod payload;
pub mod policy;
pub mod profile;
pub mod replay;
pub mod risk;
pub mod role;
pub mod rule;
pub mod service;
pub mod severity;
pub mod ssvc;
pub mod target;
pub mod ticket;
pub mod trigger;
pub mod wanted;
