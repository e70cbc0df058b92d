use thiserror::Error;

/// Why the program cannot start with these settings. Its text is for the operator, and holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A variable has a value that cannot be used.
    #[error("{name}: {what}")]
    Invalid {
        /// The variable.
        name: String,
        /// What is wrong, and what to do.
        what: String,
    },
    /// A variable is needed here and not set.
    #[error("{name} is not set: {what}")]
    Missing {
        /// The variable.
        name: String,
        /// What to do.
        what: String,
    },
}

impl ConfigError {
    /// A value that cannot be used.
    pub fn invalid(name: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Invalid { name: name.into(), what: what.into() }
    }

    /// A variable that is needed.
    pub fn missing(name: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Missing { name: name.into(), what: what.into() }
    }
}
