use std::fmt;

use app::Registration;

use super::{ConfigError, Environment, Setting};

pub(super) const SETTINGS: &[Setting] = &[
    Setting::open("IOTMONITOR_REGISTRATION", "invited", "who may register: open, invited or closed"),
    Setting::secret(
        "IOTMONITOR_SETUP_CODE",
        "while nobody is registered, who registers with this code becomes the first owner",
    ),
];

/// Who may register.
#[derive(Clone, Default)]
pub struct People {
    /// In general.
    pub registration: Registration,
    /// Makes the first owner.
    pub setup_code: Option<String>,
}

impl People {
    pub(super) fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let name = "IOTMONITOR_REGISTRATION";
        let registration = match environment.text(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("invited") => Registration::Invited,
            Some("open") => Registration::Open,
            Some("closed") => Registration::Closed,
            Some(_) => return Err(ConfigError::invalid(name, "write open, invited or closed")),
        };
        Ok(Self { registration, setup_code: environment.secret("IOTMONITOR_SETUP_CODE")? })
    }
}

/// Without the code.
impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("People").field("registration", &self.registration).finish_non_exhaustive()
    }
}
