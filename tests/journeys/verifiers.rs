//! Receivers in other languages, with the official packages of Standard Webhooks.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::world::Received;

#[expect(clippy::disallowed_methods, reason = "where the tests' own tools are, as xtask says")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// JavaScript and Python verify what was received. What is not installed is said, and fails in CI.
pub(crate) fn verify_elsewhere(secret: &str, got: &[Received]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    let requests: Vec<Value> = got.iter().map(request).collect();
    let asked = json!({"secret": secret, "requests": requests}).to_string();
    let node = folder.join("node_modules/standardwebhooks").exists().then(|| PathBuf::from("node"));
    let node = installed("node_modules/standardwebhooks: npm ci", node);
    for (program, script) in [(node, "verify.mjs"), (python(), "verify.py")] {
        if let Some(program) = program {
            run(&program, &folder.join(script), &asked);
        }
    }
}

/// The Python that has the packages of `requirements.txt`.
pub(crate) fn python() -> Option<PathBuf> {
    installed("IOTMONITOR_TEST_PYTHON", variable("IOTMONITOR_TEST_PYTHON").map(PathBuf::from))
}

/// What may be run; what is missing is said, and fails in CI.
pub(crate) fn installed(what: &str, found: Option<PathBuf>) -> Option<PathBuf> {
    if found.is_none() {
        assert!(variable("CI").is_none_or(|ci| ci != "true"), "{what} is missing");
        println!("not run: {what} is missing");
    }
    found
}

fn request(received: &Received) -> Value {
    let headers: Map<String, Value> =
        received.headers.iter().map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap()))).collect();
    json!({"headers": headers, "body": std::str::from_utf8(&received.body).unwrap()})
}

fn run(program: &Path, script: &Path, asked: &str) {
    let mut child = Command::new(program)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(asked.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}: {}", script.display(), String::from_utf8_lossy(&output.stderr));
}
