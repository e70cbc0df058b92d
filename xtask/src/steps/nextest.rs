use std::path::Path;

use anyhow::{Context, Result};

use super::Outcome;
use crate::tool::NEXTEST;
use crate::{Environment, python};

/// Where nextest writes its totals (`.config/nextest.toml`).
const TOTALS: &str = "target/nextest/default/junit.xml";

/// Every test of the workspace, and the examples in its documentation.
pub(super) fn run(environment: &Environment) -> Result<Outcome> {
    if let Err(missing) = NEXTEST.ensure(environment) {
        return Ok(Outcome::NotRun(format!("{missing:#}")));
    }
    let totals = environment.root.join(TOTALS);
    let _ = std::fs::remove_file(&totals);
    let mut nextest = environment.cargo(&["nextest", "run", "--workspace"]);
    if let Some(python) = python::interpreter(environment) {
        nextest = nextest.variable(python::VARIABLE, python);
    }
    let ran = nextest.run();
    let (passed, failed) = read(&totals)?;
    let figure = format!("{passed} passed, {failed} failed");
    ran.with_context(|| figure.clone())?;
    environment.cargo(&["test", "--workspace", "--doc", "--quiet"]).run()?;
    Ok(Outcome::Passed(Some(figure)))
}

/// The totals in the first element of the report, which is in the format of `JUnit`.
fn read(report: &Path) -> Result<(u32, u32)> {
    let text = std::fs::read_to_string(report).context("nextest left no report: nothing was run")?;
    count(&text).context("nextest's report has no totals")
}

fn count(report: &str) -> Option<(u32, u32)> {
    let totals = report.split_once("<testsuites ")?.1.split_once('>')?.0;
    let number = |name: &str| totals.split_once(&format!("{name}=\""))?.1.split_once('"')?.0.parse::<u32>().ok();
    let failed = number("failures")? + number("errors")?;
    Some((number("tests")?.checked_sub(failed)?, failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_those_of_the_whole_run_and_not_of_its_first_suite() {
        let report = r#"<?xml version="1.0"?><testsuites name="run" tests="12" failures="2" errors="1" uuid="x" time="1">
            <testsuite name="app" tests="3" failures="0" errors="0">"#;
        assert_eq!(count(report), Some((9, 3)));
        assert_eq!(count("<testsuite tests=\"3\">"), None);
    }
}
