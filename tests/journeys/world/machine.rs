//! `iotmonitor serve`: one process with a data folder, as on somebody's own machine.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Request;
use iotmonitor::outside::SystemClock;
use serde_json::Value;
use storage::Embedded;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::api::Answer;
use super::client;

/// How long it may take to say where it listens. After a kill it mends its files first.
const START: Duration = Duration::from_secs(30);

pub(crate) struct OnMachine {
    running: tokio::sync::Mutex<Running>,
    settings: Vec<(String, String)>,
    http: reqwest::Client,
    lines: Lines,
    address: watch::Sender<String>,
    folder: TempDir,
}

type Lines = Arc<Mutex<Vec<String>>>;

struct Running(Child);

impl OnMachine {
    pub(super) async fn start(mut settings: Vec<(String, String)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, value) in [
            ("IOTMONITOR_STORAGE", format!("embedded:{}", data(folder.path()).display())),
            ("IOTMONITOR_LISTEN", "127.0.0.1:0".to_owned()),
            ("IOTMONITOR_POLL_SCHEDULE", "* * * * * *".to_owned()),
        ] {
            settings.push((name.to_owned(), value));
        }
        let (lines, address) = (Lines::default(), watch::Sender::default());
        let running = tokio::sync::Mutex::new(run(&settings, &lines, &address).await);
        Self { running, settings, http: client(), lines, address, folder }
    }

    pub(super) async fn kill(&self) {
        self.running.lock().await.0.kill().await.unwrap();
    }

    pub(super) async fn restart(&self) {
        let mut running = self.running.lock().await;
        // It may have been killed already.
        let _ = running.0.kill().await;
        self.lines.lock().unwrap().clear();
        *running = run(&self.settings, &self.lines, &self.address).await;
    }

    /// Its store, which can be opened while it does not run.
    pub(super) fn store(&self) -> Embedded {
        Embedded::open(&data(self.folder.path()), Arc::new(SystemClock)).unwrap()
    }

    /// All its files as they lie there.
    pub(super) fn stored(&self) -> Vec<u8> {
        let files = std::fs::read_dir(data(self.folder.path())).unwrap().map(|entry| entry.unwrap().path());
        // The key that seals what is secret lies beside the store.
        files.filter(|file| file.is_file()).flat_map(|file| std::fs::read(file).unwrap()).collect()
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Status 0: it was not there, or went away.
    pub(super) async fn http(&self, request: Request<String>) -> Answer {
        let (head, body) = request.into_parts();
        let url = format!("http://{}{}", *self.address.borrow(), head.uri);
        let sent = self.http.request(head.method, url).headers(head.headers).body(body).send().await;
        let Ok(answer) = sent else { return Answer { status: 0, text: String::new() } };
        let status = answer.status().as_u16();
        Answer { status, text: answer.text().await.unwrap_or_default() }
    }
}

/// The program as the same build made it.
pub(super) fn executable() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().join("iotmonitor")
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

async fn run(settings: &[(String, String)], lines: &Lines, address: &watch::Sender<String>) -> Running {
    let mut command = Command::new(executable());
    command.arg("serve").env_clear().envs(settings.iter().cloned()).kill_on_drop(true);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut listening = address.subscribe();
    listening.mark_unchanged();
    tokio::spawn(keep(child.stdout.take().unwrap(), Arc::clone(lines), address.clone()));
    tokio::spawn(keep(child.stderr.take().unwrap(), Arc::clone(lines), address.clone()));
    let started = tokio::time::timeout(START, listening.changed()).await;
    assert!(matches!(started, Ok(Ok(()))), "it does not start: {:?}", lines.lock().unwrap());
    Running(child)
}

/// Keeps the lines; the one that says `serving` says where.
async fn keep(from: impl AsyncRead + Unpin, lines: Lines, address: watch::Sender<String>) {
    let mut from = BufReader::new(from).lines();
    while let Ok(Some(line)) = from.next_line().await {
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        if let ("serving", Some(at)) = (said["message"].as_str().unwrap_or_default(), said["address"].as_str()) {
            address.send_replace(at.to_owned());
        }
        lines.lock().unwrap().push(line);
    }
}
