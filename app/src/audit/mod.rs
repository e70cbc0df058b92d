//! Who changed what: the append-only log of an organization.
//!
//! Here belongs what is kept of an act ([`Entry`]), how it is put into the same batch as what it tells of, and how it
//! is read back. An entry is inserted where its change lies and never changed: acts about people and the organization
//! in `accounts`, acts about assets and findings in `exposure`, with their events. Never here: what the program does
//! by itself, which is in the events alone, and any secret: a changed one is told as changed.

mod deed;
mod entry;
mod key;
mod read;
mod walk;

#[cfg(test)]
mod tests;

pub use deed::Deed;
pub use entry::{Act, Entry};
pub use read::{AuditFilter, AuditPage, entry, page};
