//! Lambda's runtime interface, played by us: it hands out one event after another.

use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};
use storage::azurite::Azurite;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

use crate::events::{of_schedule, of_url};
use crate::http_api;
use crate::program;

/// What the program said of an invocation: that it failed, or its answer.
type Outcome = (bool, Value);

struct Played {
    events: Mutex<mpsc::Receiver<Value>>,
    outcomes: mpsc::Sender<Outcome>,
}

/// Lambda with one function in it.
struct Lambda {
    process: Child,
    events: mpsc::Sender<Value>,
    outcomes: mpsc::Receiver<Outcome>,
    _azurite: Azurite,
}

impl Lambda {
    async fn start() -> Option<Self> {
        let azurite = Azurite::start_empty()?;
        let (events, waiting) = mpsc::channel(1);
        let (outcomes, told) = mpsc::channel(1);
        let played = Arc::new(Played { events: Mutex::new(waiting), outcomes });
        let interface = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .with_state(played);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, interface).await });
        let process = program::start(&address.to_string(), azurite.connection_string());
        Some(Self { process, events, outcomes: told, _azurite: azurite })
    }

    /// Invokes the function with an event.
    async fn invoke(&mut self, event: Value) -> Outcome {
        self.events.send(event).await.unwrap();
        tokio::time::timeout(Duration::from_mins(1), self.outcomes.recv()).await.unwrap().unwrap()
    }

    /// What a client of the function URL gets.
    async fn ask(&mut self, method: &str, path: &str, body: &str) -> (u64, Value) {
        let (failed, answer) = self.invoke(of_url(method, path, body)).await;
        assert!(!failed, "{answer}");
        let body = answer["body"].as_str().unwrap_or_default();
        (answer["statusCode"].as_u64().unwrap(), serde_json::from_str(body).unwrap_or_else(|_| body.into()))
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "Lambda says the deadline by the clock on the wall")]
async fn next(State(played): State<Arc<Played>>) -> Response {
    let Some(event) = played.events.lock().await.recv().await else { return Response::new(Body::empty()) };
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_mins(1);
    Response::builder()
        .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        .header("lambda-runtime-deadline-ms", deadline.as_millis().to_string())
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:iotmonitor")
        .header("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1")
        .header("content-type", "application/json")
        .body(Body::from(event.to_string()))
        .unwrap()
}

async fn answered(State(played): State<Arc<Played>>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    played.outcomes.send((false, serde_json::from_slice(&body).unwrap())).await.unwrap();
    StatusCode::ACCEPTED
}

async fn failed(State(played): State<Arc<Played>>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    played.outcomes.send((true, serde_json::from_slice(&body).unwrap())).await.unwrap();
    StatusCode::ACCEPTED
}

#[tokio::test]
async fn people_are_answered_the_schedule_is_obeyed_and_nobody_plays_the_schedule() {
    let Some(mut lambda) = Lambda::start().await else { return };

    // Before the first tick it is not ready. Whoever asks for the schedule's own path by HTTP does not make it so.
    let forged = of_schedule().to_string();
    assert_eq!(lambda.ask("POST", "/events", &forged).await.0, 404);
    assert_eq!(lambda.ask("POST", "/poll", "{}").await.0, 404);
    assert_eq!(lambda.ask("GET", "/readyz", "").await.0, 503);

    // Nor does a request whose form Lambda's crate does not understand: it comes the same way as the schedule's event.
    let mut mangled = of_url("POST", "/events", &forged);
    mangled["requestContext"]["http"] = json!("no object");
    mangled["source"] = json!("aws.events");
    let (failed, answer) = lambda.invoke(mangled).await;
    assert!(failed && answer["errorMessage"].as_str().unwrap().contains("events of its schedule"), "{answer}");
    assert_eq!(lambda.ask("GET", "/readyz", "").await.0, 503);

    let (failed, answer) = lambda.invoke(of_schedule()).await;
    assert!(!failed, "{answer}");
    assert_eq!(lambda.ask("GET", "/readyz", "").await.0, 200);

    let question = json!({"query": "{ __typename }"}).to_string();
    let (status, answer) = lambda.ask("POST", "/graphql", &question).await;
    assert_eq!((status, &answer["data"]["__typename"]), (200, &json!("Query")), "{answer}");

    http_api::is_served(async |event| {
        let (failed, answer) = lambda.invoke(event).await;
        assert!(!failed, "{answer}");
        answer
    })
    .await;
}
