//! `cargo xtask COMMAND`: reads the command line and calls the habit.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use xtask::{Environment, bench, package, steps};

/// Every habit of this repository is a command.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything that CI runs, in its order.
    Test {
        /// Only this step, by its name.
        #[arg(long, value_name = "STEP", value_parser = steps::names())]
        only: Option<String>,
    },
    /// Writes anew what is generated from the program and committed.
    Schema,
    /// Measures the release build and prints one table: what, how much, the goal, and whether it was reached.
    Bench {
        /// Only these measurements; `--help` behind a `--` lists them.
        names: Vec<String>,
        /// Fewer repetitions, and nothing that takes minutes.
        #[arg(long)]
        quick: bool,
    },
    /// Makes the deployable folder and zip under dist/.
    Package {
        /// For where.
        platform: Platform,
        /// Build for this target triple instead of this machine's (standalone: instead of static Linux on x86-64).
        #[arg(long, value_name = "TRIPLE")]
        target: Option<String>,
        /// With traces for a collector of OpenTelemetry.
        #[arg(long)]
        otel: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Platform {
    /// A Functions app.
    Azure,
    /// A function of AWS Lambda.
    Lambda,
    /// A server of one's own: the static program.
    Standalone,
}

fn main() -> Result<ExitCode> {
    let command = Arguments::parse().command;
    let environment = Environment::read();
    let passed = match command {
        Command::Test { only } => steps::run(&environment, only.as_deref()),
        Command::Schema => steps::regenerate(&environment).map(|()| true)?,
        Command::Bench { names, quick } => bench::run(&environment, &names, quick).map(|()| true)?,
        Command::Package { platform, target, otel } => {
            let make = match platform {
                Platform::Azure => package::azure,
                Platform::Lambda => package::lambda,
                Platform::Standalone => package::standalone,
            };
            make(&environment, &package::Release { target, otel }).map(|_| true)?
        }
    };
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
