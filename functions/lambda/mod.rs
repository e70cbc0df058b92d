//! AWS Lambda: the same doors for people behind a function URL or an HTTP API, and a schedule instead of the timer.
//!
//! Lambda wakes the program with events of many kinds. What comes by HTTP goes to the router like anywhere else; what the
//! schedule sends runs one tick and then hands the queue's messages out for as long as the invocation has. Built with the
//! feature `lambda` alone. Never here: storage of AWS; what is kept is kept in Azure Tables and Queues over https.

mod schedule;
mod time;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use axum::Router;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::response::Response;
use lambda_http::request::RequestContext;
use lambda_http::{Error, Request, RequestExt as _, service_fn};
use tower::ServiceExt as _;

use crate::compose::{Manner, compose};
use crate::config::{Config, Environment};
use crate::http::{Doors, Program, router};

/// Tells the client's address as Lambda knows it, for `IOTMONITOR_CLIENT_IP_HEADER`.
const CLIENT: &str = "x-lambda-source-ip";
/// Answers go out whole: a stream of events that never ended would never arrive.
const LONGEST_STREAM: Duration = Duration::from_secs(25);

/// Runs as a function of Lambda, until Lambda ends the process.
pub fn run(environment: &Environment) -> ExitCode {
    match serve(environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(environment: &Environment) -> Result<()> {
    let manner = Manner { longest_stream: Some(LONGEST_STREAM), ..Manner::default() };
    let program = compose(&Config::read(environment)?, manner)?;
    let router = router(&program, Doors::People);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let handler = service_fn(move |request| answer(Arc::clone(&program), router.clone(), request));
    runtime.block_on(lambda_http::run(handler)).map_err(|error| anyhow!("Lambda's runtime interface failed: {error}"))
}

/// One invocation. What is no event of HTTP comes as `POST /events`, and anybody can ask for that by HTTP: what the
/// request says of itself tells nothing, only what Lambda says of the request does.
async fn answer(program: Arc<Program>, router: Router, mut request: Request) -> Result<Response, Error> {
    if let Some(RequestContext::PassThrough) = request.request_context_ref() {
        let left = time::left(&program, request.lambda_context_ref());
        return schedule::handle(&program, request.body(), left).await;
    }
    name_the_client(&mut request);
    Ok(router.oneshot(request.map(Body::new)).await?)
}

/// Lambda says beside the request where it comes from. What the client says of that in a header of this name goes.
fn name_the_client(request: &mut Request) {
    let address = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
        _ => None,
    };
    let address = address.and_then(|address| HeaderValue::from_str(address).ok());
    request.headers_mut().remove(CLIENT);
    if let Some(address) = address {
        request.headers_mut().insert(CLIENT, address);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_clients_address_is_what_lambda_says_and_not_what_the_client_says() {
        let event = |http: serde_json::Value| {
            json!({
                "version": "2.0", "routeKey": "$default", "rawPath": "/graphql", "rawQueryString": "",
                "headers": {"x-lambda-source-ip": "192.0.2.1", "host": "x"}, "isBase64Encoded": false,
                "requestContext": {"http": http, "stage": "$default", "timeEpoch": 0, "requestId": "r"}
            })
        };
        for (source, told) in [(Some("203.0.113.9"), Some("203.0.113.9")), (None, None)] {
            let event = event(json!({"method": "GET", "path": "/graphql", "sourceIp": source})).to_string();
            let mut request = lambda_http::request::from_str(&event).unwrap();
            assert_eq!(request.headers()[CLIENT], "192.0.2.1");
            name_the_client(&mut request);
            assert_eq!(request.headers().get(CLIENT).map(|value| value.to_str().unwrap()), told);
        }
    }
}
