use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use axum::routing::{any, get};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::around;

/// Answers with what it was sent.
fn mirror() -> Router {
    Router::new().fallback(any(|uri: Uri, headers: HeaderMap, body: String| async move {
        let headers: serde_json::Map<String, Value> =
            headers.iter().map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap()))).collect();
        json!({"uri": uri.to_string(), "headers": headers, "body": body}).to_string()
    }))
}

async fn text(answer: Response<Body>) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn a_request_arrives_as_the_proxy_passes_it_on() {
    let host = around(mirror(), &[]).await;
    let request = Request::post("/graphql?a=1&a=2")
        .header("host", "watch.example.org")
        .header("connection", "close, x-own-hop")
        .header("x-own-hop", "1")
        .header("x-forwarded-for", "203.0.113.9")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-prefix", "/evil")
        .header("forwarded", "for=203.0.113.9")
        .header("x-ms-invocation-id", "mine")
        .header("authorization", "Bearer iotm_token");
    let answer = host.http(request.body(Body::from("{}")).unwrap()).await.unwrap();
    let seen: Value = serde_json::from_str(&text(answer).await).unwrap();
    assert_eq!(seen["uri"], "/graphql?a=1&a=2");
    assert_eq!(seen["body"], "{}");
    let headers = &seen["headers"];
    assert_eq!(headers["host"], format!("127.0.0.1:{}", host.port()));
    assert_eq!(headers["x-forwarded-for"], "198.51.100.23");
    assert_eq!(headers["x-forwarded-host"], "watch.example.org");
    assert_eq!(headers["x-forwarded-proto"], "https");
    assert_eq!(headers["authorization"], "Bearer iotm_token");
    assert_ne!(headers["x-ms-invocation-id"], "mine");
    assert_eq!(headers["x-ms-invocation-id"], headers["x-azure-functions-invocationid"]);
    for absent in ["x-own-hop", "x-forwarded-prefix", "forwarded", "connection"] {
        assert!(headers.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn only_what_a_route_and_its_methods_name_reaches_the_program() {
    let host = around(mirror(), &[]).await;
    let status = async |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        host.http(request).await.unwrap().status().as_u16()
    };
    assert_eq!(status("GET", "/graphql").await, 200);
    assert_eq!(status("GET", "/hooks/email/confirm/abc").await, 200);
    assert_eq!(status("DELETE", "/graphql").await, 404);
    assert_eq!(status("GET", "/metrics").await, 404);
    // The host's own greeting.
    assert_eq!(status("GET", "/").await, 200);
}

#[tokio::test]
async fn nobody_outside_reaches_a_trigger_through_the_host() {
    let host = around(mirror(), &[]).await;
    for function in ["poll", "notify"] {
        let spoofed = host.spoof(function, "{}").await.unwrap();
        assert_eq!(spoofed.through_host, StatusCode::NOT_FOUND);
        // This handler has no second wall, and the stand-in must show that.
        assert_eq!(spoofed.direct, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_client_that_is_a_program_of_its_own_comes_through_the_same_door() {
    let host = Arc::new(around(mirror(), &[]).await);
    let address = host.serve().await.unwrap();
    let status = async |path: &str| {
        let request = Request::get(path).header("host", address.to_string()).body(Body::empty()).unwrap();
        crate::host::wire::send(address.port(), request).await.unwrap().status()
    };
    assert_eq!(status("/graphql").await, StatusCode::OK);
    assert_eq!(status("/poll").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_answer_streams_through_before_it_is_complete() {
    let endless = || async {
        let first = stream::once(async { Ok::<_, Infallible>(Bytes::from_static(b"data: 1\n\n")) });
        Body::from_stream(first.chain(stream::pending()))
    };
    let host = Arc::new(around(Router::new().route("/graphql", get(endless)), &[]).await);
    let answer = host.http(Request::get("/graphql").body(Body::empty()).unwrap()).await.unwrap();
    let first = answer.into_body().into_data_stream().next().await.unwrap().unwrap();
    assert_eq!(first, Bytes::from_static(b"data: 1\n\n"));
}

#[tokio::test]
async fn a_program_that_is_gone_is_the_hosts_own_failure() {
    let host = around(Router::new(), &[]).await;
    host.port.store(1, std::sync::atomic::Ordering::SeqCst);
    let answer = host.http(Request::get("/healthz").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
}
