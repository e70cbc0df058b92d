use thiserror::Error;

/// What the host would complain of.
#[derive(Debug, Error)]
pub enum HostError {
    /// The package breaks a rule; the host would not start, or would not index the function.
    #[error("{place}: {why}")]
    Package {
        /// `host.json`, or the function.
        place: String,
        /// The rule.
        why: String,
    },
    /// The program did not start, or ended before it answered.
    #[error("the program does not start: {0}")]
    Start(String),
    /// There is no such function with that kind of trigger.
    #[error("there is no {kind} function {name}")]
    NoFunction {
        /// `timer` or `queue`.
        kind: &'static str,
        /// The name asked for.
        name: String,
    },
    /// The invocation failed: the host counts it, and a queue message comes back.
    #[error("{function} failed: {why}")]
    Failed {
        /// The function.
        function: String,
        /// Why, in the host's words where it has some.
        why: String,
    },
    /// The answer is a success without a result. The host would wait for one until `functionTimeout`, then kill the
    /// program with everything else that it is doing.
    #[error("{function} answered with an empty body: the host would hang")]
    WouldHang {
        /// The function.
        function: String,
    },
    /// The queue itself could not be read or written.
    #[error("the queue: {0}")]
    Queue(#[from] app::ports::StoreError),
}

impl HostError {
    pub(super) fn package(place: &str, why: impl Into<String>) -> Self {
        Self::Package { place: place.to_owned(), why: why.into() }
    }

    pub(super) fn failed(function: &str, why: impl Into<String>) -> Self {
        Self::Failed { function: function.to_owned(), why: why.into() }
    }
}
