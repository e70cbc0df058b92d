//! A stand-in for the Azure Functions host, as far as a custom handler can tell the difference.
//!
//! It reads the package that is deployed (`host.json` and one `function.json` per folder) by the host's rules, starts
//! the program as the host does, wakes it for the timer and for queue messages with the host's own envelopes, judges
//! its answers as the host does, and proxies HTTP with the headers that the host sets. The rules are those of the
//! host's public sources (Azure/azure-functions-host 4.x, the Storage Queues extension 5.x, YARP).
//!
//! Not stood in for: output bindings, retry policies, schedules that fire by themselves (a test fires), keys, scaling.

mod application;
mod envelope;
mod error;
mod function;
mod invoke;
mod process;
mod proxy;
mod pump;
mod route;
mod schedule;
mod settings;
mod spoof;
mod verdict;
mod wire;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use tokio::sync::Mutex;

pub use application::{Application, Queues};
pub use error::HostError;
pub use function::{Function, Trigger};
pub use process::LogLine;
pub use pump::Pumped;
pub use spoof::Spoofed;
pub use verdict::Invocation;

use process::Process;
use settings::Settings;

/// A running host with one instance of the program.
#[derive(Debug)]
pub struct FunctionsHost {
    application: Application,
    settings: Settings,
    process: Mutex<Option<Process>>,
    port: AtomicU16,
    invocations: AtomicU64,
    /// Runs of a timer never overlap.
    timer_turn: Mutex<()>,
}

impl FunctionsHost {
    /// Reads the package in `root`, starts its program with `settings` as the only environment beside the host's own
    /// variables, and waits until it answers.
    ///
    /// # Errors
    /// A package that the host would refuse, a program that ends or does not answer within 30 s.
    pub async fn start(root: &Path, settings: &[(String, String)]) -> Result<Self, HostError> {
        let settings = Settings::new(settings);
        let application = Application::load(root, &settings)?;
        let process = Process::start(&application, &settings).await?;
        let port = AtomicU16::new(process.port());
        Ok(Self::around(application, settings, Some(process), port))
    }

    fn around(application: Application, settings: Settings, process: Option<Process>, port: AtomicU16) -> Self {
        let process = Mutex::new(process);
        let invocations = AtomicU64::new(1);
        Self { application, settings, process, port, invocations, timer_turn: Mutex::new(()) }
    }

    /// What the package says.
    pub fn application(&self) -> &Application {
        &self.application
    }

    /// Everything that the program has written since it was started last, line by line.
    pub async fn logs(&self) -> Vec<LogLine> {
        self.process.lock().await.as_ref().map(Process::logs).unwrap_or_default()
    }

    /// Ends the program as the host does, without a word: SIGKILL.
    pub async fn kill(&self) {
        if let Some(process) = self.process.lock().await.as_mut() {
            process.kill().await;
        }
    }

    /// Ends the program if it runs, and starts it anew.
    ///
    /// # Errors
    /// A program that ends or does not answer within 30 s.
    pub async fn restart(&self) -> Result<(), HostError> {
        let mut process = self.process.lock().await;
        if let Some(old) = process.as_mut() {
            old.kill().await;
        }
        let new = Process::start(&self.application, &self.settings).await?;
        self.port.store(new.port(), Ordering::SeqCst);
        *process = Some(new);
        Ok(())
    }

    fn port(&self) -> u16 {
        self.port.load(Ordering::SeqCst)
    }

    /// An id as the host gives one to each invocation: the shape of a GUID, new every time.
    fn invocation_id(&self) -> String {
        let number = self.invocations.fetch_add(1, Ordering::SeqCst);
        format!("00000000-0000-4000-8000-{number:012x}")
    }
}
