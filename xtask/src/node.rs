use std::path::Path;

use anyhow::{Context, Result};

use crate::{Environment, apt};

/// The folders with npm packages that tests need, where they exist.
const FOLDERS: [&str; 2] = ["", "tests/conformance"];

/// Installs the npm packages of every such folder, as the lock says, if the lock changed since the last time.
pub(crate) fn ensure(environment: &Environment) -> Result<()> {
    if !environment.program("npm").arguments(&["--version"]).works() {
        apt::install(environment, &["nodejs", "npm"]).context("npm is missing")?;
    }
    FOLDERS.iter().try_for_each(|folder| packages(environment, folder))
}

fn packages(environment: &Environment, folder: &str) -> Result<()> {
    let within = environment.root.join(folder);
    let lock = within.join("package-lock.json");
    if !lock.exists() {
        return Ok(());
    }
    let note = environment.notes().join(format!("npm{}.lock", folder.replace('/', "-")));
    if within.join("node_modules").exists() && same(&lock, &note)? {
        return Ok(());
    }
    environment.program("npm").arguments(&["ci", "--no-audit", "--no-fund"]).within(&within).run()?;
    std::fs::create_dir_all(environment.notes())?;
    std::fs::copy(&lock, &note)?;
    Ok(())
}

fn same(lock: &Path, note: &Path) -> Result<bool> {
    Ok(note.exists() && std::fs::read(lock)? == std::fs::read(note)?)
}
