//! What is measured: the release build, by the crate `bench`.
//!
//! Here belongs building both and calling it. Never here: a measurement, a goal or a figure.

use anyhow::Result;

use crate::{Environment, node};

/// Builds the program and the bench for release, and measures; the bench prints its table itself.
///
/// # Errors
/// A failed build, or a measurement of an unknown name.
pub fn run(environment: &Environment, names: &[String], quick: bool) -> Result<()> {
    // Without Azurite its measurements are left out, and say so.
    if let Err(missing) = node::ensure(environment) {
        println!("without Azurite: {missing:#}");
    }
    // By itself, so that it is what is deployed: no feature that only tests or the bench want.
    environment.cargo(&["build", "--release", "--package", "iotmonitor"]).run()?;
    let program = environment.release("iotmonitor");
    let mut bench = environment.cargo(&["run", "--release", "--package", "bench", "--", "--program"]);
    bench = bench.arguments(&[&program.to_string_lossy()]);
    // Made by `cargo xtask package`; what is not there is measured as the release build or left out, and that is said.
    bench = bench.arguments(&["--packages", &environment.root.join("dist").to_string_lossy()]);
    if quick {
        bench = bench.arguments(&["--quick"]);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    bench.arguments(&names).run()
}
