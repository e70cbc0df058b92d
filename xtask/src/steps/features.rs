use std::path::PathBuf;

use anyhow::{Context, Result};

use super::Outcome;
use crate::package::{self, Build};
use crate::tool::NEXTEST;
use crate::{Environment, node, python};

/// The emulator that others made. It comes without what it would compile with: the program is compiled already.
const EMULATOR: &str = "cargo-lambda==1.9.2";

/// What only the features `lambda` and `otel` build, in one build of both: Clippy on it; the package for Lambda, unpacked,
/// under a stand-in of Lambda's runtime interface and under the emulator of cargo-lambda; traces, as a collector gets them.
pub(super) fn run(environment: &Environment) -> Result<Outcome> {
    let emulator = match needs(environment) {
        Ok(emulator) => emulator,
        Err(missing) => return Ok(Outcome::NotRun(format!("{missing:#}"))),
    };
    let features = ["--package", "iotmonitor", "--features", "lambda,test-otel"];
    let clippy = environment.cargo(&["clippy", "--all-targets"]).arguments(&features);
    clippy.arguments(&["--", "-D", "warnings"]).run()?;
    let package = package::stage_and_zip_lambda(environment, &Build::Dev, &environment.notes().join("lambda"))?;
    let unpacked = environment.notes().join("lambda-unpacked");
    package::unzip(&package.zip, &unpacked)?;
    let nextest = environment.cargo(&["nextest", "run"]).arguments(&features);
    let nextest = nextest.variable("IOTMONITOR_TEST_BOOTSTRAP", unpacked.join("bootstrap"));
    let nextest = nextest.variable("IOTMONITOR_TEST_CARGO_LAMBDA", emulator);
    nextest
        .arguments(&[
            "--filterset",
            "binary(lambda) | binary(inside) | test(/^lambda::|^trace::|^config::telemetry::/)",
        ])
        .run()?;
    Ok(Outcome::PASSED)
}

fn needs(environment: &Environment) -> Result<PathBuf> {
    NEXTEST.ensure(environment)?;
    node::ensure(environment)?;
    python::ensure(environment)?;
    let emulator = python::tool(environment, "cargo-lambda");
    if !emulator.exists() {
        let pip = environment.program(python::tool(environment, "python")).arguments(&["-m", "pip", "install"]);
        pip.arguments(&["--quiet", "--no-deps", EMULATOR]).run().context("cargo-lambda is missing")?;
    }
    Ok(emulator)
}
