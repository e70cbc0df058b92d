use anyhow::Result;

use super::Outcome;
use crate::{Environment, python};

/// Shell scripts of ours.
const SCRIPTS: &[&str] = &["infra/deploy.sh"];

/// Bicep is parsed and held against the program; what scanners of both clouds and of shell scripts have to say is a
/// failure. No cloud is asked.
pub(super) fn run(environment: &Environment) -> Result<Outcome> {
    if let Err(missing) = python::ensure(environment) {
        return Ok(Outcome::NotRun(format!("{missing:#}")));
    }
    let tool = |name: &str| environment.program(python::tool(environment, name));
    for tests in ["tests/infra/inventory.py", "tests/infra/scripts.py"] {
        tool("python").arguments(&[tests]).run()?;
    }
    tool("checkov")
        .arguments(&["--config-file", "infra/.checkov.yaml", "--directory", "infra", "--compact", "--quiet"])
        .run()?;
    let aws = ["--framework", "cloudformation", "--skip-download", "--directory", "infra/aws", "--compact", "--quiet"];
    tool("checkov").arguments(&aws).run()?;
    tool("cfn-lint").arguments(&["infra/aws/template.yaml"]).run()?;
    tool("shellcheck").arguments(SCRIPTS).run()?;
    Ok(Outcome::PASSED)
}
