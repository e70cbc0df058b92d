//! Where it is kept: Azure Tables and Queues, or files in one directory.
//!
//! Two stores implement the ports `Tables` and `Queue` of `app`: [`azure`] for the cloud, [`embedded`] for one
//! machine. Both ask [`limits`] first, so that what one of them keeps, the other one keeps too, and both pass one
//! suite of tests (`tests/stores/contract`). What a row means is never known here.

pub mod archive;
pub mod azure;
#[cfg(feature = "test-azurite")]
pub mod azurite;
pub mod copy;
pub mod embedded;
mod encoding;
pub mod limits;

pub use azure::{Azure, AzureSettings, Credential, TokenSource, Transactions};
pub use embedded::{Embedded, FillError, ReadOnly, Snapshot};
