use std::convert::Infallible;
use std::sync::Arc;

use async_graphql::{ObjectType, Request, Schema, SubscriptionType};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::HttpSettings;
use super::negotiate::Form;
use super::respond::event;
use super::status::Refusal;

/// Server-Sent Events, one connection per operation: `next` for each result, `complete` at the end.
pub(super) fn stream<Q, M, S>(engine: &Schema<Q, M, S>, settings: &HttpSettings, request: Request) -> Response
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    let Ok(place) = Arc::clone(&settings.streams).try_acquire_owned() else {
        return Refusal::too_many_streams().response();
    };
    let mut results = engine.execute_stream(request).boxed();
    let heartbeat = settings.heartbeat;
    let end = settings.longest_stream.map(|longest| Instant::now() + longest);
    // A client that reads slowly makes the log wait, not the memory grow.
    let (sender, receiver) = mpsc::channel::<Bytes>(4);
    tokio::spawn(async move {
        let _place = place;
        loop {
            let over = async {
                match end {
                    Some(end) => sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            let piece = tokio::select! {
                // The client went: nobody is left to write to.
                () = sender.closed() => return,
                result = results.next() => match result {
                    Some(result) => Bytes::from(format!("event: next\ndata: {}\n\n", event(result))),
                    None => break,
                },
                () = sleep(heartbeat) => Bytes::from_static(b":\n\n"),
                () = over => break,
            };
            if sender.send(piece).await.is_err() {
                return;
            }
        }
        // The protocol wants a data line, also where there is nothing to say. Nobody may be left to hear it.
        let _gone = sender.send(Bytes::from_static(b"event: complete\ndata: \n\n")).await;
    });
    let pieces = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (Ok::<_, Infallible>(piece), receiver))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(Form::EventStream.media_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
