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
mod plain;
mod process;
mod receivers;
mod report;
mod runtime_interface;
mod world;

use std::net::SocketAddr;
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
    #[arg(long, value_name = "FILE", required_unless_present = "plain")]
    program: Option<PathBuf>,
    /// Where `cargo xtask package` makes packages: those that are there are measured.
    #[arg(long, value_name = "FOLDER", default_value = "dist")]
    packages: PathBuf,
    /// Measures nothing, and is the server to compare with, on these findings.
    #[arg(long, value_name = "FILE", hide = true, requires = "listen")]
    plain: Option<PathBuf>,
    /// Where that one listens.
    #[arg(long, value_name = "ADDRESS", hide = true)]
    listen: Option<SocketAddr>,
}

fn main() -> Result<()> {
    let Arguments { mut names, quick, program, packages, plain, listen } = Arguments::parse();
    if let (Some(findings), Some(address)) = (plain, listen) {
        return plain::serve(&findings, address);
    }
    if names.is_empty() {
        names = Name::ALL.to_vec();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let bench = Bench::new(program.unwrap_or_default(), packages, quick);
    let mut report = report::Report::new(machine::description()?);
    for name in names {
        println!("measuring: {}", name.about());
        report.add(name.about(), runtime.block_on(name.measure(&bench)));
    }
    report.print();
    Ok(())
}
