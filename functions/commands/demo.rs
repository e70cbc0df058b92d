use std::path::PathBuf;

use anyhow::Result;

use super::{config::print, on_one_thread};
use crate::demo::{Demo, Options};
use crate::standalone::ended_by_signal;

/// Runs the demonstration until it is interrupted.
pub(super) fn demo(port: u16, data: Option<PathBuf>) -> Result<()> {
    on_one_thread(async {
        let demo = Demo::start(Options { port, data }).await?;
        print(&demo.welcome())?;
        demo.run(ended_by_signal()).await
    })
}
