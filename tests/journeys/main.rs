//! Journeys through the whole program, by the doors that people, machines and hosts use: one file per sentence of what
//! the product promises, each run on one machine (`iotmonitor serve` with a data folder) and on Azure (the package
//! under the Functions host's stand-in, with Azurite's tables and queues).
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed unwrap is a failed test")]

mod chaos;
mod identifying;
mod killing;
mod mailing;
mod openid;
mod poisoning;
mod registering;
mod spoofing;
mod telling;
mod verifiers;
mod watching;
mod world;
