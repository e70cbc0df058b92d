//! What `cargo xtask test` does, in its order: one step per file, cheap ones first.
//!
//! A step passes, fails, or could not be run because something is missing on this machine; the last is a failure
//! where `CI=true` and is listed at the end elsewhere.

mod code;
mod conformance;
mod dependencies;
mod features;
mod house;
mod infra;
mod nextest;
mod package;
mod report;
mod schema;
mod standalone;
mod tools;

use std::time::Instant;

use anyhow::Result;

use crate::Environment;

pub use schema::regenerate;

/// What became of a step that did not fail.
pub(crate) enum Outcome {
    /// It passed; perhaps with a figure worth repeating at the end.
    Passed(Option<String>),
    /// It could not be run here, and why.
    NotRun(String),
}

impl Outcome {
    /// It passed, and there is no more to say.
    pub(crate) const PASSED: Self = Self::Passed(None);
}

/// One thing that must hold.
pub(crate) struct Step {
    /// What `--only` calls it.
    pub(crate) name: &'static str,
    /// What it is about.
    pub(crate) headline: &'static str,
    /// Does it.
    pub(crate) run: fn(&Environment) -> Result<Outcome>,
}

const STEPS: [Step; 14] = [
    Step { name: "tools", headline: "Tools that the other steps need", run: tools::run },
    Step { name: "format", headline: "Rust is formatted", run: code::format },
    Step { name: "lint", headline: "Clippy has nothing to say", run: code::lint },
    Step { name: "docs", headline: "Documentation builds without a warning", run: code::document },
    Step { name: "licences", headline: "Licences, sources and banned crates", run: dependencies::permitted },
    Step { name: "unused", headline: "No dependency that nobody uses", run: dependencies::used },
    Step { name: "house", headline: "Arrows between rooms, names and sizes of files", run: house::run },
    Step { name: "tests", headline: "Tests of every room, and the journeys", run: nextest::run },
    Step { name: "schema", headline: "Generated files are those that the program makes", run: schema::check },
    Step {
        name: "conformance",
        headline: "The API in other people's audits, linters and clients, and under abuse",
        run: conformance::run,
    },
    Step { name: "features", headline: "What only features build: AWS Lambda, traces", run: features::run },
    Step { name: "infra", headline: "Templates of both clouds, and their scripts", run: infra::run },
    Step { name: "standalone", headline: "The static program alone in an empty root", run: standalone::run },
    Step { name: "package", headline: "The Azure package can be made", run: package::run },
];

/// The names of the steps, in their order.
pub fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// Runs all steps, or the one that is named, each even if one before it failed. `true`: all is well.
pub fn run(environment: &Environment, only: Option<&str>) -> bool {
    let mut report = report::Report::default();
    for step in STEPS.iter().filter(|step| only.is_none_or(|name| name == step.name)) {
        report::headline(step);
        let began = Instant::now();
        let outcome = (step.run)(environment);
        report.add(step, outcome, began.elapsed());
    }
    report.print(environment.ci)
}
