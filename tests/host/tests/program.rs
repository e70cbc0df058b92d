//! With a program that is really started: this test's own executable, which is a handler where the host's variables
//! are set.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Uri;
use axum::routing::any;
use http_body_util::BodyExt;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{app, edit, package, settings};
use crate::host::{FunctionsHost, HostError};

/// The name of the test below that becomes the handler.
const HANDLER: &str = "host::tests::program::becomes_the_handler_when_the_host_starts_it";
/// How the handler is told to end at once.
const REFUSE: &str = "REFUSE_TO_START";
/// How the handler is told never to answer a trigger.
const HANG: &str = "HANG";

#[expect(clippy::disallowed_methods, reason = "the handler's own settings, as the host gives them")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[tokio::test]
async fn becomes_the_handler_when_the_host_starts_it() {
    let Some(port) = variable("FUNCTIONS_CUSTOMHANDLER_PORT") else { return };
    assert!(variable(REFUSE).is_none(), "told not to start");
    println!("listening on {port}");
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await.unwrap();
    let answer = |uri: Uri| async move {
        if uri.path() == "/poll" && variable(HANG).is_some() {
            std::future::pending::<()>().await;
        }
        let said = json!({"Logs": [uri.path(), variable("AzureWebJobsStorage"), variable("PATH"), std::process::id()]});
        ([("content-type", "application/json")], said.to_string())
    };
    axum::serve(listener, Router::new().fallback(any(answer))).await.unwrap();
}

/// The repository's package with this executable as its program.
fn runnable() -> TempDir {
    let folder = package();
    let program = app(&folder).join("iotmonitor");
    std::fs::remove_file(&program).unwrap();
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let arguments = json!([HANDLER, "--exact", "--nocapture"]);
    edit(&folder, "host.json", |host| host["customHandler"]["description"]["arguments"] = arguments);
    folder
}

async fn healthy(host: &FunctionsHost) -> bool {
    let answer = host.http(Request::get("/healthz").body(Body::empty()).unwrap()).await.unwrap();
    let well = answer.status().is_success();
    answer.into_body().collect().await.unwrap();
    well
}

#[tokio::test]
async fn a_program_is_started_with_its_settings_only_killed_and_started_anew() {
    let folder = runnable();
    let host = FunctionsHost::start(&app(&folder), &settings()).await.unwrap();
    // The program's own PATH is none of ours: only strings are logged, so a missing one leaves no line.
    assert_eq!(host.timer("poll").await.unwrap().logs, ["/poll", "UseDevelopmentStorage=true"]);
    assert!(host.logs().await.iter().any(|line| line.level == "Information" && line.text.contains("listening")));

    host.kill().await;
    let lost = host.timer("poll").await;
    assert!(matches!(lost, Err(HostError::Failed { .. })), "{lost:?}");
    assert!(!healthy(&host).await);

    host.restart().await.unwrap();
    assert!(healthy(&host).await);
    assert!(host.timer("poll").await.is_ok());
}

#[tokio::test]
async fn an_invocation_past_the_function_timeout_costs_the_program_its_life() {
    let folder = runnable();
    let mut settings = settings();
    settings.push((HANG.to_owned(), "1".to_owned()));
    settings.push(("AzureFunctionsJobHost__functionTimeout".to_owned(), "00:00:01".to_owned()));
    let host = FunctionsHost::start(&app(&folder), &settings).await.unwrap();
    let port = host.port();
    let verdict = host.timer("poll").await;
    assert!(matches!(&verdict, Err(HostError::Failed { why, .. }) if why.contains("Timeout")), "{verdict:?}");
    assert_ne!(host.port(), port);
    assert!(healthy(&host).await);
}

#[tokio::test]
async fn a_program_that_ends_before_it_answers_is_reported_with_its_last_words() {
    let folder = runnable();
    let mut settings = settings();
    settings.push((REFUSE.to_owned(), "1".to_owned()));
    let refused = FunctionsHost::start(&app(&folder), &settings).await.unwrap_err().to_string();
    assert!(refused.contains("it ended with"), "{refused}");
}
