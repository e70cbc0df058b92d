use anyhow::Result;

use super::Outcome;
use crate::tool::{DENY, MACHETE, NEXTEST};
use crate::{Environment, node, php, python};

/// Installs what is missing. What cannot be had is named here, once; the steps that need it say so again.
#[expect(clippy::unnecessary_wraps, reason = "a step's signature: others can fail")]
pub(super) fn run(environment: &Environment) -> Result<Outcome> {
    let tried = [
        ("cargo-nextest", NEXTEST.ensure(environment)),
        ("cargo-deny", DENY.ensure(environment)),
        ("cargo-machete", MACHETE.ensure(environment)),
        ("npm packages", node::ensure(environment)),
        ("Python packages", python::ensure(environment)),
        ("PHP", php::ensure(environment)),
    ];
    let missing = tried.into_iter().filter_map(|(name, had)| had.err().map(|error| format!("{name}: {error:#}")));
    let missing: Vec<String> = missing.collect();
    Ok(if missing.is_empty() { Outcome::PASSED } else { Outcome::NotRun(missing.join("; ")) })
}
