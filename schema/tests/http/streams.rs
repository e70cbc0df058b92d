//! Server-Sent Events: what is written, when it ends, and that nobody holds a place without reading.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http_body_util::BodyExt;
use schema::http::{HttpSettings, Places};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::engine::{Ask, Server, get, post};

const STREAM: &str = "text/event-stream";
const COMPLETE: &str = "event: complete\ndata: \n\n";

fn follow(query: &str) -> Ask {
    post(json!({"query": query}).to_string()).header("accept", STREAM)
}

async fn all(body: Body) -> String {
    String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// Waits until that many places are free.
async fn free(server: &Server, places: usize) {
    let wanted = async {
        while server.settings.streams.free() < places {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wanted).await.expect("a place was not given back");
}

#[tokio::test]
async fn a_subscription_is_its_results_and_an_end() {
    let response = Server::new().respond(follow("subscription { count(to: 2) }").0).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()[CONTENT_TYPE]),
        (200, &"text/event-stream; charset=utf-8".parse().unwrap())
    );
    let expected = format!(
        "event: next\ndata: {{\"data\":{{\"count\":1}}}}\n\nevent: next\ndata: {{\"data\":{{\"count\":2}}}}\n\n{COMPLETE}"
    );
    assert_eq!(all(response.into_body()).await, expected);
}

#[tokio::test]
async fn queries_and_gets_stream_too() {
    let server = Server::new();
    let expected = format!("event: next\ndata: {{\"data\":{{\"hello\":\"hello a\\nb\"}}}}\n\n{COMPLETE}");
    let response = server.respond(follow("{ hello(name: \"a\\nb\") }").0).await;
    assert_eq!(all(response.into_body()).await, expected);
    let response = server.respond(get(&[("query", "subscription { count(to: 1) }")]).header("accept", STREAM).0).await;
    assert!(all(response.into_body()).await.starts_with("event: next\ndata: {\"data\":{\"count\":1}}\n\n"));
}

#[tokio::test]
async fn errors_before_execution_are_events() {
    for (query, code) in [
        ("{", "BAD_USER_INPUT"),
        ("subscription { nothing }", "BAD_USER_INPUT"),
        (&format!("{{ {} }}", "a: hello ".repeat(31)), "QUERY_TOO_COMPLEX"),
    ] {
        let response = Server::new().respond(follow(query).0).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()[CONTENT_TYPE]),
            (200, &"text/event-stream; charset=utf-8".parse().unwrap())
        );
        let text = all(response.into_body()).await;
        assert!(text.starts_with("event: next\ndata: {\"errors\":[{") && text.ends_with(COMPLETE), "{text}");
        assert!(text.contains(code) && !text.contains("\"data\""), "{text}");
    }
}

#[tokio::test]
async fn a_request_that_is_none_gets_its_status_and_no_stream() {
    let response = Server::new().respond(post("{").header("accept", STREAM).0).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()[CONTENT_TYPE]),
        (400, &"application/json; charset=utf-8".parse().unwrap())
    );
}

#[tokio::test]
async fn a_subscription_without_a_stream_is_an_error_that_says_so() {
    let (status, answer) = Server::new().post(r#"{"query": "subscription { count }"}"#).await;
    assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (400, &json!("BAD_USER_INPUT")));
}

#[tokio::test]
async fn a_quiet_stream_shows_life_and_ends_in_time() {
    let settings = HttpSettings {
        heartbeat: Duration::from_millis(20),
        longest_stream: Some(Duration::from_millis(150)),
        ..HttpSettings::default()
    };
    let server = Server::with(settings);
    let text = all(server.respond(follow("subscription { silence }").0).await.into_body()).await;
    assert!(text.starts_with(":\n\n:\n\n") && text.ends_with(COMPLETE), "{text}");
    // A stream that never pauses ends as well.
    let text = all(server.respond(follow("subscription { count }").0).await.into_body()).await;
    assert!(text.ends_with(COMPLETE));
    assert_eq!(server.counter.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn places_are_few_and_come_back_with_the_client_gone() {
    let server = Server::with(HttpSettings { streams: Places::new(1, 1), ..HttpSettings::default() });
    let address = server.listen().await;
    let body = r#"{"query": "subscription { silence }"}"#;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: {STREAM}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut socket = TcpStream::connect(&address).await.unwrap();
    socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut first = [0; 12];
    socket.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");

    let response = server.respond(follow("subscription { count }").0).await;
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key(RETRY_AFTER));

    drop(socket);
    free(&server, 1).await;
    assert_eq!(server.counter.load(Ordering::SeqCst), 0, "the subscription goes on without its client");
}

#[tokio::test]
async fn who_does_not_read_loses_the_place() {
    let settings = HttpSettings {
        streams: Places::new(1, 1),
        longest_stall: Duration::from_millis(50),
        ..HttpSettings::default()
    };
    let server = Server::with(settings);
    let unread = server.respond(follow("subscription { count }").0).await;
    free(&server, 1).await;
    drop(unread);
}
