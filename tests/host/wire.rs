//! One request to the program on a connection of its own: HTTP/1.1 on 127.0.0.1, nothing added and nothing followed.

use axum::body::Body;
use http::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Why there is no answer. Only a failure to connect may be tried again.
#[derive(Debug)]
pub(super) enum NoAnswer {
    Connect(String),
    Lost(String),
}

impl NoAnswer {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Connect(text) | Self::Lost(text) => text,
        }
    }
}

/// Sends a request whose target is a path; its body streams, and so does the answer's.
pub(super) async fn send(port: u16, request: Request<Body>) -> Result<Response<Body>, NoAnswer> {
    let connect = |error: &dyn std::error::Error| NoAnswer::Connect(format!("no connection: {error}"));
    let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|error| connect(&error))?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(|error| connect(&error))?;
    tokio::spawn(connection);
    let answer = sender.send_request(request).await;
    answer
        .map(|answer| answer.map(Body::new))
        .map_err(|error| NoAnswer::Lost(format!("the connection was lost: {error}")))
}
