use anyhow::{Context, Result};

use crate::Environment;

/// A cargo subcommand that the checks need.
pub(crate) struct Tool {
    crate_name: &'static str,
    version: &'static str,
    subcommand: &'static str,
}

/// Runs the tests, one process each.
pub(crate) const NEXTEST: Tool = Tool { crate_name: "cargo-nextest", version: "0.9.151", subcommand: "nextest" };
/// Checks licences, sources and banned crates.
pub(crate) const DENY: Tool = Tool { crate_name: "cargo-deny", version: "0.20.2", subcommand: "deny" };
/// Finds dependencies that nobody uses.
pub(crate) const MACHETE: Tool = Tool { crate_name: "cargo-machete", version: "0.9.2", subcommand: "machete" };

impl Tool {
    /// Builds the tool if it is not there. Any version that is there will do: the pin is for those that are not.
    pub(crate) fn ensure(&self, environment: &Environment) -> Result<()> {
        if environment.cargo(&[self.subcommand, "--help"]).works() {
            return Ok(());
        }
        let Self { crate_name, version, .. } = self;
        let install = environment.cargo(&["install", "--locked", "--version", version, crate_name]);
        install.run().with_context(|| format!("{crate_name} is missing and cannot be built"))
    }
}
