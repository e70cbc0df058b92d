use std::convert::Infallible;
use std::time::Duration;

use async_graphql::{Executor, Request, Response as Answer};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::HttpSettings;
use super::negotiate::Form;
use super::respond::event;
use super::status::Refusal;

/// The protocol wants a data line, also where there is nothing to say.
const COMPLETE: &[u8] = b"event: complete\ndata: \n\n";
/// A comment: clients do not see it, proxies see that somebody lives.
const HEARTBEAT: &[u8] = b":\n\n";

/// Server-Sent Events, one connection per operation: `next` for each result, `complete` at the end.
pub(super) fn stream(engine: &impl Executor, settings: &HttpSettings, whose: &str, request: Request) -> Response {
    let Some(place) = settings.streams.take(whose) else {
        return Refusal::too_many_streams().response();
    };
    let results = engine.execute_stream(request, None);
    // A client that reads slowly makes the log wait, not the memory grow.
    let (sender, receiver) = mpsc::channel::<Bytes>(4);
    let writer = Writer {
        results,
        client: Client { sender, longest_stall: settings.longest_stall },
        heartbeat: settings.heartbeat,
        end: settings.longest_stream.map(|longest| Instant::now() + longest),
    };
    tokio::spawn(async move {
        writer.run().await;
        drop(place);
    });
    let pieces = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (Ok::<_, Infallible>(piece), receiver))
    });
    response(Body::from_stream(pieces))
}

/// A stream of one result that is known already: errors before execution are events too.
pub(super) fn single(answer: Answer) -> Response {
    let mut pieces = next(answer);
    pieces.extend_from_slice(COMPLETE);
    response(Body::from(pieces))
}

struct Writer {
    results: BoxStream<'static, Answer>,
    client: Client,
    heartbeat: Duration,
    end: Option<Instant>,
}

impl Writer {
    async fn run(mut self) {
        let end = self.end;
        loop {
            let over = async {
                match end {
                    Some(end) => sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            let piece = tokio::select! {
                // The client went: nobody is left to write to.
                () = self.client.sender.closed() => return,
                () = over => break,
                result = self.results.next() => match result {
                    Some(result) => Bytes::from(next(result)),
                    None => break,
                },
                () = sleep(self.heartbeat) => Bytes::from_static(HEARTBEAT),
            };
            if !self.client.send(piece).await {
                return;
            }
        }
        // Nobody may be left to hear it.
        let _heard = self.client.send(Bytes::from_static(COMPLETE)).await;
    }
}

struct Client {
    sender: mpsc::Sender<Bytes>,
    longest_stall: Duration,
}

impl Client {
    /// Is there still somebody who reads?
    async fn send(&self, piece: Bytes) -> bool {
        matches!(timeout(self.longest_stall, self.sender.send(piece)).await, Ok(Ok(())))
    }
}

/// JSON has no line breaks of its own, so one line is enough.
fn next(answer: Answer) -> Vec<u8> {
    let mut piece = event(b"event: next\ndata: ".to_vec(), answer);
    piece.extend_from_slice(b"\n\n");
    piece
}

fn response(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(Form::EventStream.media_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies of the nginx kind collect an answer otherwise.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
