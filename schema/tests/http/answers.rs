//! Well-meant requests, and how the layer answers them and their mistakes.

use std::sync::atomic::Ordering;

use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use schema::guard::Limits;
use schema::http::HttpSettings;
use serde_json::json;

use crate::engine::{Server, code, get, post};

#[tokio::test]
async fn a_query_goes_by_post_and_by_get_and_tells_its_cost() {
    let server = Server::new();
    let (status, answer) = server
        .post(r#"{"query": "query Q($n: String) { hello(name: $n) }", "operationName": "Q", "variables": {"n": "é"}}"#)
        .await;
    assert_eq!((status, &answer["data"]), (200, &json!({"hello": "hello é"})));
    assert_eq!(answer["extensions"]["cost"], json!({"requested": 1, "limit": 50_000}));

    let asked = get(&[
        ("query", "query Q($n: String) { hello(name: $n) } query R { hello }"),
        ("operationName", "Q"),
        ("variables", r#"{"n": "b & c"}"#),
        ("extensions", ""),
    ]);
    let (status, answer) = server.ask(asked).await;
    assert_eq!((status, &answer["data"]), (200, &json!({"hello": "hello b & c"})));
}

#[tokio::test]
async fn what_the_caller_adds_reaches_the_resolvers() {
    let (_, answer) = Server::new().post(r#"{"query": "{ hello }", "variables": null}"#).await;
    assert_eq!(answer["data"], json!({"hello": "hello you"}));
}

#[tokio::test]
async fn a_mutation_by_get_changes_nothing() {
    let server = Server::new();
    for parameters in [
        &[("query", "mutation { add }")][..],
        &[("query", "query Q { hello } mutation M { add }"), ("operationName", "M")],
        &[("query", "mutation { add }"), ("operationName", "X")],
    ] {
        let response = server.respond(get(parameters).0).await;
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()[ALLOW], "POST");
    }
    assert_eq!(server.counter.load(Ordering::SeqCst), 0);
    let (_, answer) = server.post(r#"{"query": "mutation { add }"}"#).await;
    assert_eq!(answer["data"], json!({"add": 1}));
}

#[tokio::test]
async fn requests_that_are_none_are_told_so() {
    let server = Server::new();
    for (body, says) in [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("\"x\"", "not a JSON object"),
        (r#"[{"query": "{ hello }"}]"#, "batches"),
        ("{}", "no query"),
        (r#"{"query": 1}"#, "query is not a string"),
        (r#"{"query": "{ hello }", "operationName": {}}"#, "operationName"),
        (r#"{"query": "{ hello }", "variables": []}"#, "variables"),
        (r#"{"query": "{ hello }", "extensions": "x"}"#, "extensions"),
    ] {
        let (status, answer) = server.post(body).await;
        assert_eq!((status, code(&answer)), (400, "BAD_USER_INPUT"), "{body}");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains(says), "{body}: {message}");
        assert!(answer.get("data").is_none());
    }
}

#[tokio::test]
async fn other_methods_types_and_forms_are_named() {
    let server = Server::new();
    let body = r#"{"query": "{ hello }"}"#;
    let put = http::Request::put("/graphql").body(body.into()).unwrap();
    let response = server.respond(put).await;
    assert_eq!((response.status().as_u16(), &response.headers()[ALLOW]), (405, &"GET, POST".parse().unwrap()));
    for media in ["text/plain", "application/json; charset=latin1", "application/x-www-form-urlencoded", ""] {
        assert_eq!(server.ask(post(body).header("content-type", media)).await.0, 415, "{media}");
    }
    assert_eq!(server.ask(post(body).header("content-type", "Application/JSON; charset=\"UTF-8\"")).await.0, 200);
    assert_eq!(server.ask(post(body).header("accept", "text/html")).await.0, 406);
    let response = server.respond(post(body).header("accept", "application/graphql-response+json").0).await;
    assert_eq!(response.headers()[CONTENT_TYPE], "application/graphql-response+json; charset=utf-8");
}

#[tokio::test]
async fn the_status_of_a_faulty_document_follows_the_form() {
    let server = Server::new();
    for query in ["{", "{ nothing }", "query($n: Int!) { number(n: $n) }", "{ number(n: \"x\") }"] {
        let body = json!({"query": query}).to_string();
        let (status, answer) = server.post(body.clone()).await;
        assert_eq!((status, code(&answer)), (400, "BAD_USER_INPUT"), "{query}");
        assert!(answer.get("data").is_none(), "{query}");
        assert_eq!(server.ask(post(body).header("accept", "application/json")).await.0, 200, "{query}");
    }
}

#[tokio::test]
async fn syntax_errors_name_the_place_without_repeating_the_text() {
    let (_, answer) = Server::new().post(r#"{"query": "{ hello(name: \"hunter2\") "}"#).await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("expected") && !message.contains("hunter2"), "{message}");
    assert_eq!(answer["errors"][0]["locations"][0]["line"], 1);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_the_callers_fault_also_when_found_late() {
    let server = Server::new();
    for query in ["{ number(n: 99999999999) }", "{ odd(n: 2) }"] {
        let (status, answer) = server.post(json!({"query": query}).to_string()).await;
        assert_eq!((status, code(&answer)), (200, "BAD_USER_INPUT"), "{query}");
        assert!(answer["errors"][0]["message"].as_str().unwrap().starts_with("Failed to parse"), "{query}");
    }
}

#[tokio::test]
async fn errors_that_nobody_meant_to_show_are_not_shown() {
    let (status, answer) = Server::new().post(r#"{"query": "{ hello fails }"}"#).await;
    assert_eq!((status, code(&answer)), (200, "INTERNAL"));
    assert_eq!(answer["data"]["hello"], "hello you");
    assert!(answer["data"]["fails"].is_null());
    assert!(!answer.to_string().contains("hunter2"));
}

#[tokio::test]
async fn when_to_come_again_stands_in_the_header_too() {
    let server = Server::new();
    let response = server.respond(post(r#"{"query": "{ hello a: busy(seconds: 3) b: busy(seconds: 70) }"}"#).0).await;
    assert_eq!((response.status().as_u16(), &response.headers()[RETRY_AFTER]), (200, &"70".parse().unwrap()));
    let response = server.respond(post(r#"{"query": "{ hello fails }"}"#).0).await;
    assert!(!response.headers().contains_key(RETRY_AFTER));
}

#[tokio::test]
async fn misspelt_fields_are_not_guessed() {
    let (_, answer) = Server::new().post(r#"{"query": "{ helo }"}"#).await;
    assert!(!answer.to_string().contains("hello"), "{answer}");
}

#[tokio::test]
async fn the_schema_is_told_or_refused_but_never_null() {
    let query = r#"{"query": "query { ...f } fragment f on Query { __schema { queryType { name } } }"}"#;
    let (status, answer) = Server::new().post(query).await;
    assert_eq!((status, &answer["data"]["__schema"]["queryType"]["name"]), (200, &json!("Query")));
    let closed = Server::with(HttpSettings { introspection: false, ..HttpSettings::default() });
    let (status, answer) = closed.post(query).await;
    assert_eq!((status, code(&answer)), (400, "FORBIDDEN"));
    assert_eq!(closed.post(r#"{"query": "{ __typename }"}"#).await.1["data"], json!({"__typename": "Query"}));
}

#[tokio::test]
async fn limits_of_the_guard_are_told_with_limit_and_count() {
    let limits = Limits { fields: 2, list_items: 2, ..Limits::default() };
    let server = Server::with(HttpSettings { limits, ..HttpSettings::default() });
    let (status, answer) = server.post(r#"{"query": "{ a: hello b: hello c: hello }"}"#).await;
    assert_eq!((status, code(&answer)), (400, "QUERY_TOO_COMPLEX"));
    assert_eq!(answer["errors"][0]["message"], "too many fields: 3, at most 2");
    let (status, answer) = server.post(r#"{"query": "{ hello }", "variables": {"a": {"b": [1, 2, 3]}}}"#).await;
    assert_eq!((status, code(&answer)), (400, "BAD_USER_INPUT"));
    assert_eq!(answer["errors"][0]["message"], "a list has 3 items, at most 2");
}
