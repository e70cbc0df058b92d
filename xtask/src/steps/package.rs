use anyhow::Result;

use super::Outcome;
use crate::Environment;
use crate::package::{self, Build};

/// Stages and zips what Azure gets, with the program that the tests have just built: the folder, its rules and
/// its modes are what is checked here. `cargo xtask package azure` does the same with the release build, which
/// takes minutes.
pub(super) fn run(environment: &Environment) -> Result<Outcome> {
    let made = package::stage_and_zip(environment, &Build::Dev, &environment.notes().join("azure"))?;
    Ok(Outcome::Passed(Some(format!("{} files packaged", made.files))))
}
