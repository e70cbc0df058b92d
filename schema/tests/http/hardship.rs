//! Bodies that are too large, too slow or broken, over real sockets; and a server that goes on afterwards.

use std::time::Duration;

use schema::http::HttpSettings;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::engine::{Server, post};

const HEAD: &str = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n";

fn small() -> Server {
    let patience = Duration::from_millis(200);
    Server::with(HttpSettings { largest_body: 1_000, patience, ..HttpSettings::default() })
}

/// Sends these bytes and reads to the end of the connection.
async fn exchange(address: &str, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A server that closes on bytes it did not read may reset the connection after its answer.
    let _reset = socket.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[tokio::test]
async fn a_body_in_chunks_is_read() {
    let address = small().listen().await;
    let body = "transfer-encoding: chunked\r\n\r\n9\r\n{\"query\":\r\n d\r\n \"{ hello }\"}\r\n0\r\n\r\n"
        .replace("\r\n d", "\r\nd");
    let answer = exchange(&address, format!("{HEAD}{body}").as_bytes()).await;
    assert_eq!(status(&answer), "200", "{answer}");
    assert!(answer.contains("hello you"), "{answer}");
}

#[tokio::test]
async fn too_large_a_body_is_not_read_on() {
    let address = small().listen().await;
    // Said before: not a byte of it is sent.
    let answer = exchange(&address, format!("{HEAD}content-length: 1001\r\n\r\n").as_bytes()).await;
    assert_eq!(status(&answer), "413", "{answer}");
    assert!(answer.contains("at most 1000 bytes"), "{answer}");
    // Not said before.
    let chunk = format!("400\r\n{}\r\n", " ".repeat(0x400));
    let answer = exchange(&address, format!("{HEAD}transfer-encoding: chunked\r\n\r\n{chunk}").as_bytes()).await;
    assert_eq!(status(&answer), "413", "{answer}");
}

#[tokio::test]
async fn only_an_import_may_be_larger_than_other_requests() {
    let settings = HttpSettings { usual_body: 200, imports: &["add"], ..HttpSettings::default() };
    let server = Server::with(settings);
    let filling = " ".repeat(300);
    for (query, status) in [
        ("mutation { add }", 200),
        ("mutation A { add } query Q { hello }", 413),
        ("mutation { add __typename }", 413),
        ("mutation { add ...f } fragment f on Mutation { add }", 413),
        ("{ hello }", 413),
    ] {
        let body = format!("{}{filling}", serde_json::json!({"query": query}));
        let (answered, answer) = server.post(body).await;
        assert_eq!(answered, status, "{query}: {answer}");
        let named = serde_json::json!({"query": query, "operationName": "A", "variables": {"a": filling}});
        if query.contains(" A ") {
            assert_eq!(server.post(named.to_string()).await.0, 200, "the operation that is meant counts");
        }
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let address = small().listen().await;
    let answer = exchange(&address, format!("{HEAD}content-length: 100\r\n\r\n{{").as_bytes()).await;
    assert_eq!(status(&answer), "408", "{answer}");
}

#[tokio::test]
async fn hostile_requests_one_after_the_other_leave_the_server_standing() {
    let address = Server::new().listen().await;
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let doubling: String = (0..28).map(|n| format!("fragment f{n} on Query {{ ...f{0} ...f{0} }} ", n + 1)).collect();
    let hostile = [
        serde_json::json!({"query": format!("{{ hello(name: {deep}) }}")}).to_string(),
        // The parser and a careless lexer disagree about where this string ends.
        serde_json::json!({"query": format!("{{ hello(name: [ \"\"\"x\" {deep} ]) }}")}).to_string(),
        serde_json::json!({"query": format!("{{ ...f0 }} {doubling}")}).to_string(),
        serde_json::json!({"query": format!("{{ hello }} {doubling} fragment f28 on Query {{ hello }}")}).to_string(),
        serde_json::json!({"query": "{ hello(name: 1e999) }"}).to_string(),
        format!("{{\"query\": \"{{ hello }}\", \"variables\": {{\"a\": {deep}}}}}"),
        deep,
    ];
    for body in hostile {
        let began = tokio::time::Instant::now();
        let answer = exchange(&address, format!("{HEAD}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
        assert!(answer.contains("\"errors\""), "{answer}");
        assert!(began.elapsed() < Duration::from_secs(1), "{}", &body[..80]);
    }
    let answer =
        exchange(&address, format!("{HEAD}content-length: 21\r\n\r\n{{\"query\":\"{{ hello }}\"}}").as_bytes()).await;
    assert!(answer.contains("hello you"), "{answer}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up_and_says_what_to_do() {
    let longest_answer = Duration::from_millis(50);
    let server = Server::with(HttpSettings { longest_answer, ..HttpSettings::default() });
    for (accept, expected) in [("application/graphql-response+json", 503), ("application/json", 200)] {
        let (status, answer) = server.ask(post(r#"{"query":"{ hello patience }"}"#).header("accept", accept)).await;
        assert_eq!((status, &answer["data"]), (expected, &Value::Null), "{answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UPSTREAM_UNAVAILABLE");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("clientRequestId"), "{answer}");
    }
    assert_eq!(server.post(r#"{"query":"{ hello }"}"#).await.0, 200, "and the next is answered");
}
