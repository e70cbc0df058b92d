//! The register: what an organization watches.
//!
//! Assets lie in one partition per organization (`assets`), with a head and a directory of their own. What an
//! asset's change means for its poll group, findings and events lies in another partition; an *intent* row,
//! written in the same batch as the asset, carries it over: done at once, or by the next tick.

mod change;
mod create;
mod csv;
mod delete;
mod draft;
mod import;
mod intent;
mod read;
mod register;
mod retire;
mod update;
mod update_many;

pub use create::{create, create_once};
pub use csv::read_csv;
pub use delete::delete;
pub use draft::{AssetDraft, DeviceDraft};
pub use import::{Imported, OnExisting, Outcome, import, import_once};
pub use intent::{Intent, IntentKind, finish_intents};
pub use read::{
    AssetFilter, AssetOrder, AssetOrderField, AssetPage, Monitored, asset, assets_page, monitoring, profile, risk_of,
    state_of,
};
pub(crate) use read::{bad_cursor, matching};
pub use register::Register;
pub(crate) use register::Registers;
pub(crate) use register::read_asset;
pub use retire::{Selection, retire};
pub use update::{AssetPatch, update};
pub use update_many::{AssetsPatch, update_many};
