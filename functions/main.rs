//! The program. Started by the Functions host it is its handler, else what the command line says.

use std::process::ExitCode;

use iotmonitor::commands;
use iotmonitor::config::Environment;

fn main() -> ExitCode {
    commands::run(&Environment::of_process(), std::env::args_os())
}
