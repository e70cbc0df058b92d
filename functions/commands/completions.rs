use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use super::{CommandLine, config::print};

/// Prints a script that this shell reads.
pub(super) fn completions(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "iotmonitor", &mut script);
    print(&String::from_utf8(script)?)
}
