use std::io::{self, IsTerminal};

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::fmt::writer::MakeWriterExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{ConfigError, Environment, Log, LogFormat};
use crate::trace::CALLS;

/// What must be kept until the end of the program: it delivers what was recorded.
#[must_use]
pub(crate) struct Begun {
    #[cfg(feature = "otel")]
    _kept: Option<crate::trace::export::Exporting>,
}

/// Begins to log: one line per event, warnings and errors to stderr, the rest to stdout. The Functions host takes every
/// line of stderr for an error. With the feature `otel`, traces go to whoever collects them.
///
/// # Errors
/// A filter that is none, or a collector.
pub(crate) fn begin(environment: &Environment) -> Result<Begun, ConfigError> {
    let log = Log::read(environment)?;
    let filter = filter(&log)?;
    let registry = tracing_subscriber::registry();
    #[cfg(feature = "otel")]
    let (registry, exporting) = {
        let (spans, exporting) = crate::trace::export::begin(environment)?.unzip();
        (registry.with(spans), exporting)
    };
    let writer = io::stderr.with_max_level(Level::WARN).or_else(io::stdout);
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match log.format {
        LogFormat::Text => lines.with_ansi(io::stdout().is_terminal() && io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let lines = lines.with_filter(filter.and(filter_fn(keeps_secrets)).and(filter_fn(is_for_lines)));
    // Somebody else in this process logs already: a test.
    let _ = registry.with(lines).try_init();
    #[cfg(not(feature = "otel"))]
    if let Some(collector) = crate::config::Collector::read(environment)? {
        tracing::warn!(?collector, "traces are collected by builds with the feature otel, and this is none");
    }
    Ok(Begun {
        #[cfg(feature = "otel")]
        _kept: exporting,
    })
}

/// Is the filter one? The rest of what is logged, and how, is checked where it is read.
///
/// # Errors
/// A filter that is none.
pub(crate) fn check(environment: &Environment) -> Result<(), ConfigError> {
    // What cannot be read is told where it is read.
    Log::read(environment).map_or(Ok(()), |log| filter(&log).map(drop))
}

fn filter(log: &Log) -> Result<EnvFilter, ConfigError> {
    EnvFilter::try_new(&log.filter)
        .map_err(|_| ConfigError::invalid("IOTMONITOR_LOG", "write a level, or a filter such as info,app::poll=debug"))
}

/// Azure's crates print whole requests when they debug, the signature in `Authorization` with them: whatever the filter
/// says, they tell no more than information.
fn keeps_secrets(event: &Metadata<'_>) -> bool {
    *event.level() <= Level::INFO || !event.target().starts_with("azure_")
}

/// Spans around calls would hide those of whose trace they are part.
fn is_for_lines(event: &Metadata<'_>) -> bool {
    event.target() != CALLS
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn azures_crates_never_debug_whatever_the_filter_says() {
        let kept = Kept::default();
        let writer = kept.clone();
        let lines = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
        let filter = EnvFilter::new("trace,azure_core::policies=trace");
        let subscriber = tracing_subscriber::registry().with(lines.with_filter(filter.and(filter_fn(keeps_secrets))));
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug!(target: "azure_core::policies", "the signature");
            tracing::info!(target: "azure_core::policies", "said");
            tracing::debug!(target: "app::poll", "said too");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("said") && text.contains("said too") && !text.contains("the signature"), "{text}");
    }
}
