use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use jiff::Timestamp;
use storage::archive::Reader;

use super::backup::{directory, verify};
use super::config::print;
use crate::backup::put_beside;
use crate::compose::embedded;
use crate::config::Environment;
use crate::outside::SystemClock;

/// Reads the whole backup before it touches the store; then fills it, all of it or nothing.
pub(super) fn restore(environment: &Environment, file: &Path) -> Result<()> {
    let dir = directory(environment)?;
    verify(file)?;
    let store = embedded(&dir, Arc::new(SystemClock))?;
    let mut archive = Reader::new(BufReader::new(File::open(file)?))?;
    let taken_at = Timestamp::from_millisecond(archive.taken_at()).context("its date")?;
    let contents = store
        .fill(&mut archive, |name, content| put_beside(&dir, name, content))
        .with_context(|| dir.display().to_string())?;
    let key = if contents.files > 0 { "" } else { ". Its secrets open with the IOTMONITOR_SECRET_KEY of then" };
    print(&format!(
        "{}: {} rows and {} messages, as they were at {taken_at:.0}{key}\n",
        dir.display(),
        contents.rows,
        contents.messages
    ))
}
