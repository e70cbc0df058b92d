use super::{ConfigError, Environment, Setting};

pub(super) const SETTINGS: &[Setting] = &[
    Setting::open("IOTMONITOR_LOG", "info", "what is logged: a level, or a filter such as info,app::poll=debug"),
    Setting::open("IOTMONITOR_LOG_FORMAT", "text", "how it is logged: text or json, one line each"),
];

/// What is logged, and how. Read before everything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// A filter of `tracing`.
    pub filter: String,
    /// How lines look.
    pub format: LogFormat,
}

/// How lines of the log look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object a line.
    Json,
}

impl Log {
    /// Reads the section.
    ///
    /// # Errors
    /// A format that is none.
    pub fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let name = "IOTMONITOR_LOG_FORMAT";
        let format = match environment.text(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(_) => return Err(ConfigError::invalid(name, "write text or json")),
        };
        Ok(Self { filter: environment.text("IOTMONITOR_LOG").unwrap_or("info").to_owned(), format })
    }
}
