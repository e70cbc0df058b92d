use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Names the unpacked package, when whoever runs the tests has made one.
const PACKAGED: &str = "IOTMONITOR_TEST_BOOTSTRAP";

#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests says what is packaged, and whether a machine asks"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Starts the program as Lambda does: what asks it is named by one variable.
pub(crate) fn start(interface: &str, storage: &str) -> Child {
    let program = variable(PACKAGED).map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_iotmonitor")), PathBuf::from);
    Command::new(program)
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", interface)
        .env("AWS_LAMBDA_FUNCTION_NAME", "iotmonitor")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("IOTMONITOR_STORAGE", storage)
        .env("IOTMONITOR_SECRET_KEY", format!("{}=", "A".repeat(43)))
        .env("IOTMONITOR_PUBLIC_URL", "https://abc.lambda-url.eu-central-1.on.aws")
        .env("IOTMONITOR_REGISTRATION", "open")
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}
