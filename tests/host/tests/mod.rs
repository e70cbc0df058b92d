//! The stand-in itself is held against the host's rules: on broken packages, against handlers that answer wrongly,
//! and with a program that is really started and killed.

mod answers;
mod package;
mod program;
mod queue;
mod requests;

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicU16;

use axum::Router;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::settings::Settings;
use super::{Application, FunctionsHost};

/// The settings without which this program's package is not complete.
fn settings() -> Vec<(String, String)> {
    let pairs = [("AzureWebJobsStorage", "UseDevelopmentStorage=true"), ("IOTMONITOR_POLL_SCHEDULE", "0 * * * * *")];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// This repository's own package, with a program that is not one.
fn package() -> TempDir {
    let root = xtask::Environment::read().root;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    fs::write(&program, "no program").unwrap();
    let staged = folder.path().join("app");
    xtask::package::stage(&root, &program, &staged).unwrap();
    folder
}

fn app(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("app")
}

/// Changes a JSON file of a package.
fn edit(folder: &TempDir, file: &str, change: impl FnOnce(&mut Value)) {
    let path = app(folder).join(file);
    let mut json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap_or(json!({}));
    change(&mut json);
    fs::write(path, json.to_string()).unwrap();
}

fn load(root: &Path, settings: &[(String, String)]) -> Result<Application, super::HostError> {
    Application::load(root, &Settings::new(settings))
}

/// A host of this repository's package around a handler within the test.
async fn around(handler: Router, more: &[(&str, &str)]) -> FunctionsHost {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = AtomicU16::new(listener.local_addr().unwrap().port());
    tokio::spawn(axum::serve(listener, handler).into_future());
    let mut settings = settings();
    settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let folder = package();
    let application = load(&app(&folder), &settings).unwrap();
    FunctionsHost::around(application, Settings::new(&settings), None, port)
}
