use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::around;
use crate::host::HostError;

#[tokio::test]
async fn a_trigger_is_called_as_the_host_calls_it() {
    let seen: Arc<Mutex<Option<(HeaderMap, Value)>>> = Arc::default();
    let keep = Arc::clone(&seen);
    let handler = move |request: Request| async move {
        let (head, body) = request.into_parts();
        let body = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
        *keep.lock().unwrap() = Some((head.headers, body));
        ([("content-type", "application/json")], r#"{"Logs":["polled"]}"#)
    };
    let host = around(Router::new().route("/poll", post(handler)), &[]).await;
    assert_eq!(host.timer("poll").await.unwrap().logs, ["polled"]);
    let (headers, body) = seen.lock().unwrap().take().unwrap();
    assert_eq!(headers["transfer-encoding"], "chunked");
    assert_eq!(headers["host"], format!("127.0.0.1:{}", host.port()));
    for absent in ["content-length", "x-forwarded-for", "x-forwarded-host", "x-ms-invocation-id", "authorization"] {
        assert!(!headers.contains_key(absent), "{absent}");
    }
    for present in ["x-azure-functions-invocationid", "x-azure-functions-hostversion", "traceparent", "user-agent"] {
        assert!(headers.contains_key(present), "{present}");
    }
    assert_eq!(body["Data"]["timer"]["Schedule"], json!({"AdjustForDST": true}));
}

#[tokio::test]
async fn a_handler_that_forgets_its_body_is_caught() {
    let host = around(Router::new().route("/notify", post(|| async { StatusCode::OK })), &[]).await;
    let verdict = host.queue_message("notify", "[1]", 1).await;
    assert!(matches!(verdict, Err(HostError::WouldHang { .. })), "{verdict:?}");
}

#[tokio::test]
async fn an_error_of_the_handler_fails_the_invocation() {
    let refuse = || async { (StatusCode::SERVICE_UNAVAILABLE, "{}").into_response() };
    let host = around(Router::new().route("/notify", post(refuse)), &[]).await;
    let verdict = host.queue_message("notify", "[1]", 1).await;
    assert!(matches!(verdict, Err(HostError::Failed { why, .. }) if why.contains("503")));
}

#[tokio::test]
async fn a_function_is_called_only_by_its_own_kind_of_trigger() {
    let host = around(Router::new(), &[]).await;
    for verdict in [host.timer("notify").await, host.timer("graphql").await, host.queue_message("poll", "[]", 1).await]
    {
        assert!(matches!(verdict, Err(HostError::NoFunction { .. })), "{verdict:?}");
    }
}
