//! Measures the program and holds every figure against its goal: `cargo xtask bench`.
//!
//! One file per measurement in [`measure`]; each goes the way that the product goes, through doors that others have
//! too: the built program over HTTP, or its use cases on a store that counts. Counts and ratios come first, because
//! they are the same on every machine; times are medians with least and greatest.
//! Never here: a copy of what the product does, or data that is kept for the next run.

mod banners;
mod client;
mod counted;
mod figure;
mod machine;
mod measure;
mod process;
mod receivers;
mod report;
mod runtime_interface;
mod world;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

use measure::{Bench, Name};

/// Measures the program and prints one table: what, how much, the goal, and whether it was reached.
#[derive(Parser)]
#[command(bin_name = "cargo xtask bench")]
struct Arguments {
    /// Only these measurements; all where none is named.
    names: Vec<Name>,
    /// Fewer repetitions, and nothing that takes minutes.
    #[arg(long)]
    quick: bool,
    /// The program, built for release.
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// Where `cargo xtask package` makes packages: those that are there are measured.
    #[arg(long, value_name = "FOLDER")]
    packages: PathBuf,
}

fn main() -> Result<()> {
    let Arguments { mut names, quick, program, packages } = Arguments::parse();
    if names.is_empty() {
        names = Name::ALL.to_vec();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let bench = Bench::new(program, packages, quick);
    let mut report = report::Report::new(machine::description()?);
    for name in names {
        println!("measuring: {}", name.about());
        report.add(name.about(), runtime.block_on(name.measure(&bench)));
    }
    report.print();
    Ok(())
}
