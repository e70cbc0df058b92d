use anyhow::Result;

use super::Outcome;
use crate::Environment;
use crate::tool::{DENY, MACHETE, Tool};

/// `deny.toml` holds. Advisories are left out: their database is no part of the repository, and the same sources
/// would pass today and fail tomorrow. CONTRIBUTING.md says when to ask it.
pub(super) fn permitted(environment: &Environment) -> Result<Outcome> {
    with(environment, &DENY, &["deny", "--workspace", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"])
}

/// Every dependency that a Cargo.toml names is used.
pub(super) fn used(environment: &Environment) -> Result<Outcome> {
    with(environment, &MACHETE, &["machete", "--skip-target-dir", "."])
}

fn with(environment: &Environment, tool: &Tool, arguments: &[&str]) -> Result<Outcome> {
    if let Err(missing) = tool.ensure(environment) {
        return Ok(Outcome::NotRun(format!("{missing:#}")));
    }
    environment.cargo(arguments).run()?;
    Ok(Outcome::PASSED)
}
