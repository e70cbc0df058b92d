//! The mail server of the journeys: Python's `aiosmtpd`, a program that others wrote.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::verifiers::python;

/// A running mail server, which takes every mail.
pub(crate) struct Mailbox {
    port: u64,
    mails: Arc<Mutex<Vec<Value>>>,
    _server: Child,
}

impl Mailbox {
    /// `None`, and said: Python or its packages are not installed.
    pub(crate) async fn start() -> Option<Self> {
        let python = python()?;
        // The one with which the sender of mail is tested.
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../channels/tests/email/smtp_server.py");
        let mut command = Command::new(python);
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut server = command.spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap().unwrap().parse().unwrap();
        let mails = Arc::<Mutex<Vec<Value>>>::default();
        let kept = Arc::clone(&mails);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                kept.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        Some(Self { port, mails, _server: server })
    }

    pub(super) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The mails that were taken for an address, oldest first.
    pub(crate) fn of(&self, address: &str) -> Vec<Value> {
        let mails = self.mails.lock().unwrap();
        mails.iter().filter(|mail| mail["to"][0] == address).cloned().collect()
    }
}
