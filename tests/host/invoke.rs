use axum::body::Body;
use futures_util::stream;
use http::Request;
use jiff::Timestamp;
use serde_json::Value;

use super::function::Trigger;
use super::{FunctionsHost, HostError, Invocation, envelope, verdict, wire};

/// What this stand-in says it is.
pub(super) const HOST_VERSION: &str = "4.1052.200.26340";

impl FunctionsHost {
    /// Runs a timer function now.
    ///
    /// # Errors
    /// As the host would judge the answer; see [`HostError`].
    pub async fn timer(&self, function: &str) -> Result<Invocation, HostError> {
        let trigger = self.application.function(function).map(|function| &function.trigger);
        let Some(Trigger::Timer { binding, use_monitor, .. }) = trigger else {
            return Err(HostError::NoFunction { kind: "timer", name: function.to_owned() });
        };
        let _turn = self.timer_turn.lock().await;
        let id = self.invocation_id();
        self.invoke(function, &id, &envelope::timer(function, binding, *use_monitor, now(), &id)).await
    }

    /// Hands a queue function one message, `text` as it is without base64, received for the `dequeue_count`-th time.
    ///
    /// # Errors
    /// As the host would judge the answer; see [`HostError`].
    pub async fn queue_message(&self, function: &str, text: &str, dequeue_count: u32) -> Result<Invocation, HostError> {
        let trigger = self.application.function(function).map(|function| &function.trigger);
        let Some(Trigger::Queue { binding, .. }) = trigger else {
            return Err(HostError::NoFunction { kind: "queue", name: function.to_owned() });
        };
        let id = self.invocation_id();
        self.invoke(function, &id, &envelope::queue(function, binding, text, dequeue_count, now(), &id)).await
    }

    /// One POST with an envelope, judged; past `functionTimeout` the program is killed and started anew.
    async fn invoke(&self, function: &str, id: &str, body: &Value) -> Result<Invocation, HostError> {
        let request = request(self.port(), function, id, body)?;
        let judged = async {
            let answer = wire::send(self.port(), request).await;
            verdict::judge(function, answer.map_err(|error| HostError::failed(function, error.text()))?).await
        };
        let timeout = self.application.function_timeout;
        if let Ok(judged) = tokio::time::timeout(timeout, judged).await {
            return judged;
        }
        self.restart().await?;
        Err(HostError::failed(function, format!("Timeout value of {timeout:?} exceeded")))
    }
}

fn request(port: u16, function: &str, id: &str, body: &Value) -> Result<Request<Body>, HostError> {
    let chunk = Ok::<_, std::convert::Infallible>(body.to_string());
    Request::post(format!("/{function}"))
        .header("host", format!("127.0.0.1:{port}"))
        .header("user-agent", format!("Azure-Functions-Host/{HOST_VERSION}"))
        .header("x-azure-functions-hostversion", HOST_VERSION)
        .header("x-azure-functions-invocationid", id)
        .header("traceparent", format!("00-{}-0000000000000001-00", id.replace('-', "")))
        .header("content-type", "application/json; charset=utf-8")
        // A stream has no length: the host sends chunks, never Content-Length.
        .body(Body::from_stream(stream::iter([chunk])))
        .map_err(|error| HostError::failed(function, error.to_string()))
}

#[expect(clippy::disallowed_methods, reason = "the host is the outside, which has a clock of its own")]
fn now() -> Timestamp {
    Timestamp::now()
}
