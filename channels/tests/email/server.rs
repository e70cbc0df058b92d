//! The mail server of the tests: Python's `aiosmtpd`, a program that others wrote.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

pub(crate) struct MailServer {
    child: Child,
    lines: BufReader<ChildStdout>,
    pub(crate) port: u64,
}

impl MailServer {
    /// `None` where `IOTMONITOR_TEST_PYTHON` names no Python that has `aiosmtpd` (see tests/requirements.txt).
    pub(crate) fn start() -> Option<Self> {
        Self::with(&[])
    }

    /// The same with these arguments.
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where Python is")]
    pub(crate) fn with(arguments: &[&str]) -> Option<Self> {
        let Ok(python) = std::env::var("IOTMONITOR_TEST_PYTHON") else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "IOTMONITOR_TEST_PYTHON must be set in CI");
            eprintln!("not run: IOTMONITOR_TEST_PYTHON is not set");
            return None;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/email/smtp_server.py");
        let mut child = Command::new(python)
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, lines, port: 0 };
        server.port = server.next().as_u64().unwrap();
        Some(server)
    }

    /// The next mail that was taken.
    pub(crate) fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}
