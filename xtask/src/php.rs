use anyhow::{Context, Result};

use crate::{Environment, apt};

/// One of the languages whose receivers the guide has code for, and which few machines have; of the others Rust, Node.js and
/// Python are needed anyway, and Bash with OpenSSL is everywhere.
pub(crate) fn ensure(environment: &Environment) -> Result<()> {
    if environment.program("php").arguments(&["--version"]).works() {
        return Ok(());
    }
    apt::install(environment, &["php-cli"]).context("PHP is missing")
}
