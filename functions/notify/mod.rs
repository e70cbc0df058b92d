//! `notify`: the queue. Routes one event and makes the first attempts, or makes one retry.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::handler::{QueueMessage, by_host, done};
use crate::http::{Program, nothing_here, problem};

/// One message. An error lets it come back; after five tries the host puts it aside, and the tick looks there.
pub async fn handle(State(program): State<Arc<Program>>, headers: HeaderMap, body: Bytes) -> Response {
    if !by_host(&headers) {
        return nothing_here().await;
    }
    let Some(message) = QueueMessage::read(&body) else {
        tracing::error!(bytes = body.len(), "the host's envelope cannot be understood");
        return problem(StatusCode::INTERNAL_SERVER_ERROR, "the envelope cannot be understood");
    };
    done("notify", carry_out(&program, &message).await)
}

async fn carry_out(program: &Program, message: &QueueMessage) -> Result<(), app::Error> {
    program.ready().await?;
    app::notify::handle_message(&program.app, &message.text, message.dequeue_count).await.map(|_| ())
}
