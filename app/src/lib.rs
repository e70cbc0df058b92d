//! Use cases: one file per thing that the product does, and the ports that they need.
//!
//! Here belongs *what happens in which order*: who may, what is read, what [`domain`] decides, what is stored
//! and announced. Never here: HTTP, GraphQL, Azure, Shodan's JSON, SMTP. Those rooms implement the [`ports`];
//! a use case never knows which trigger woke it.

mod agenda;
mod application;
mod errands;
mod error;

pub mod access;
pub mod assets;
pub mod audit;
pub mod directory;
pub mod export;
pub mod findings;
pub mod intelligence;
pub mod judging;
pub mod ledger;
pub mod monitor;
pub mod notify;
pub mod poll;
pub mod ports;
pub mod repeat;
pub mod research;
pub mod retention;
pub mod rows;
pub mod scans;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod vault;

pub use application::{App, Registration, Settings};
pub use error::{Error, UserError, UserErrorCode};
