use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use http::Request;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::application::Application;
use super::settings::Settings;
use super::{HostError, wire};

/// How often the host asks whether the program answers.
const ASK_EVERY: Duration = Duration::from_millis(25);

/// A line that the program wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// What the host makes of it: `Information` for the output; of the errors those with "warn" are `Warning`.
    pub level: &'static str,
    /// The line.
    pub text: String,
}

/// The running program.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    port: u16,
    lines: Arc<Mutex<Vec<LogLine>>>,
}

impl Process {
    /// Starts the program and waits until it answers anything at all.
    pub(super) async fn start(application: &Application, settings: &Settings) -> Result<Self, HostError> {
        let port = free_port().await.map_err(|error| HostError::Start(error.to_string()))?;
        let mut child = spawn(application, settings, port).map_err(|error| HostError::Start(error.to_string()))?;
        let lines = Arc::default();
        if let Some(output) = child.stdout.take() {
            tokio::spawn(keep(output, Arc::clone(&lines), |_| "Information"));
        }
        if let Some(errors) = child.stderr.take() {
            let level = |line: &str| if line.to_lowercase().contains("warn") { "Warning" } else { "Error" };
            tokio::spawn(keep(errors, Arc::clone(&lines), level));
        }
        let mut process = Self { child, port, lines };
        process.ready(application.initialization_timeout).await.map(|()| process)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn logs(&self) -> Vec<LogLine> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// SIGKILL, and waits until it is gone.
    pub(super) async fn kill(&mut self) {
        // It may be gone already; then there is nothing to kill.
        let _ = self.child.kill().await;
    }

    /// Any answer will do, even 404: the host only wants to see that somebody listens.
    async fn ready(&mut self, within: Duration) -> Result<(), HostError> {
        let end = Instant::now() + within;
        while Instant::now() < end {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(HostError::Start(format!("it ended with {status}: {}", self.last_words())));
            }
            let request = Request::get("/").header("host", format!("127.0.0.1:{}", self.port)).body(Body::empty());
            let request = request.map_err(|error| HostError::Start(error.to_string()))?;
            if wire::send(self.port, request).await.is_ok() {
                return Ok(());
            }
            sleep(ASK_EVERY).await;
        }
        self.kill().await;
        Err(HostError::Start(format!("it did not answer within {within:?}: {}", self.last_words())))
    }

    /// The last three lines of its errors, as the host shows them.
    fn last_words(&self) -> String {
        let lines = self.logs();
        let errors: Vec<&str> = lines.iter().filter(|l| l.level != "Information").map(|l| l.text.as_str()).collect();
        errors[errors.len().saturating_sub(3)..].join(" | ")
    }
}

fn spawn(application: &Application, settings: &Settings, port: u16) -> std::io::Result<Child> {
    let port = port.to_string();
    let mut command = Command::new(&application.executable);
    command.args(&application.arguments).current_dir(&application.root).env_clear();
    command.env("FUNCTIONS_WORKER_RUNTIME", "custom").envs(settings.iter());
    command.env("FUNCTIONS_CUSTOMHANDLER_PORT", &port).env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", "stand-in");
    command.env("FUNCTIONS_HTTPWORKER_PORT", &port).env("FUNCTIONS_HTTPWORKER_ID", "stand-in");
    command.env("FUNCTIONS_APP_ROOT_PATH", &application.root);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()
}

async fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port())
}

async fn keep(from: impl AsyncRead + Unpin, lines: Arc<Mutex<Vec<LogLine>>>, level: fn(&str) -> &'static str) {
    let mut from = BufReader::new(from).lines();
    while let Ok(Some(text)) = from.next_line().await {
        let line = LogLine { level: level(&text), text };
        lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}
