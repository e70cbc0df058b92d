use anyhow::Result;

use super::on_one_thread;
use crate::compose::{Manner, compose};
use crate::config::{Config, Environment, Storage};
use crate::poll::tick;

/// Messages that are handled at most: what is left, the next one takes up.
const MOST: usize = 10_000;

/// One tick. On the embedded store nobody else empties the queue, so this does too.
pub(super) fn poll(environment: &Environment) -> Result<()> {
    let config = Config::read(environment)?;
    on_one_thread(async {
        let program = compose(&config, Manner::default())?;
        tick(&program).await?;
        if matches!(config.storage, Storage::Embedded(_)) {
            app::notify::drain(&program.app, MOST).await?;
        }
        Ok(())
    })
}
