use std::io::{self, IsTerminal};

use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::MakeWriterExt;

use crate::config::{ConfigError, Log, LogFormat};

/// Begins to log: one line per event, warnings and errors to stderr, the rest to stdout. The Functions host takes every
/// line of stderr for an error.
///
/// # Errors
/// A filter that is none.
pub(crate) fn begin(log: &Log) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&log.filter).map_err(|_| {
        ConfigError::invalid("IOTMONITOR_LOG", "write a level, or a filter such as info,app::poll=debug")
    })?;
    let writer = io::stderr.with_max_level(Level::WARN).or_else(io::stdout);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    // Somebody else in this process logs already: a test.
    let _ = match log.format {
        LogFormat::Text => builder.with_ansi(io::stdout().is_terminal() && io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}
