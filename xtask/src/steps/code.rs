use anyhow::Result;

use super::Outcome;
use crate::Environment;

/// `cargo fmt --check`.
pub(super) fn format(environment: &Environment) -> Result<Outcome> {
    environment.cargo(&["fmt", "--all", "--check"]).run()?;
    Ok(Outcome::PASSED)
}

/// Clippy on everything, tests included: a warning is an error.
pub(super) fn lint(environment: &Environment) -> Result<Outcome> {
    environment.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).run()?;
    Ok(Outcome::PASSED)
}

/// rustdoc of our own crates: a broken link is an error.
pub(super) fn document(environment: &Environment) -> Result<Outcome> {
    let doc = environment.cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"]);
    doc.variable("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links").run()?;
    Ok(Outcome::PASSED)
}
