use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The demonstration as a process of its own, with everything that it says in files.
pub(crate) struct Demo {
    process: Child,
    folder: tempfile::TempDir,
}

impl Demo {
    pub(crate) fn start(filter: &str) -> Self {
        Self::with(filter, &[])
    }

    /// With more in its environment.
    pub(crate) fn with(filter: &str, more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| File::create(folder.path().join(name)).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_iotmonitor"))
            .args(["demo", "--port", "0", "--data"])
            .arg(folder.path().join("data"))
            .env_clear()
            .env("IOTMONITOR_LOG", filter)
            .env("IOTMONITOR_LOG_FORMAT", "json")
            .envs(more.iter().copied())
            .stdout(Stdio::from(file("out")))
            .stderr(Stdio::from(file("err")))
            .spawn()
            .unwrap();
        Self { process, folder }
    }

    pub(crate) fn said(&self) -> String {
        ["out", "err"].map(|name| fs::read_to_string(self.folder.path().join(name)).unwrap()).concat()
    }

    /// Lines of the log, without what the demonstration tells its user.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.said().lines().filter(|line| line.starts_with('{')).map(str::to_owned).collect()
    }

    /// Waits until something was said, and answers all of it.
    pub(crate) fn wait(&self, until: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            let said = self.said();
            if until(&said) {
                return said;
            }
            assert!(Instant::now() < end, "not within a minute: {said}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub(crate) fn address(&self) -> String {
        let said = self.wait(|said| said.contains("/graphql"));
        let from = said.find("http://127.0.0.1:").unwrap();
        said[from..].split('/').take(3).collect::<Vec<_>>().join("/")
    }

    pub(crate) fn kept(&self) -> Value {
        read(&self.folder.path().join("data/demo.json"))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}
