use anyhow::Result;

use super::Outcome;
use crate::Environment;

/// The tests of the house itself (`xtask/tests/house`), before anything large is built.
pub(super) fn run(environment: &Environment) -> Result<Outcome> {
    environment.cargo(&["test", "--package", "xtask", "--test", "house", "--quiet"]).run()?;
    Ok(Outcome::PASSED)
}
