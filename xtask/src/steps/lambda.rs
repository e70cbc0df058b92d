use anyhow::Result;

use super::Outcome;
use crate::tool::NEXTEST;
use crate::{Environment, node};

/// What only the feature `lambda` builds: Clippy on it, and its tests against a stand-in of Lambda's runtime interface.
pub(super) fn run(environment: &Environment) -> Result<Outcome> {
    if let Err(missing) = NEXTEST.ensure(environment).and_then(|()| node::ensure(environment)) {
        return Ok(Outcome::NotRun(format!("{missing:#}")));
    }
    let feature = ["--package", "iotmonitor", "--features", "lambda"];
    let clippy = environment.cargo(&["clippy", "--all-targets"]).arguments(&feature);
    clippy.arguments(&["--", "-D", "warnings"]).run()?;
    let nextest = environment.cargo(&["nextest", "run"]).arguments(&feature);
    nextest.arguments(&["--filterset", "binary(lambda) | test(/^lambda::/)"]).run()?;
    Ok(Outcome::PASSED)
}
