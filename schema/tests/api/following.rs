//! `events` as it grows: every event once and in order, wherever and however often it is taken up again; and an end for
//! who may no longer listen.

use std::time::Duration;

use app::access::{self, Caller, Client as Device, Credential, Login, NewApiToken};
use domain::role::Scope;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::client::Client;

const FOLLOW: &str = "subscription($after: String, $filter: EventFilter) { events(after: $after, filter: $filter) { cursor node { id type } } }";
const LIST: &str =
    "query($filter: EventFilter) { events(first: 100, filter: $filter) { edges { cursor node { id type } } } }";

/// The next event; `None`: nothing comes.
async fn next(stream: &mut BoxStream<'static, Value>) -> Option<Value> {
    let answer = tokio::time::timeout(Duration::from_secs(4), stream.next()).await.ok()??;
    assert!(answer.get("errors").is_none(), "{answer:#}");
    Some(answer["data"]["events"].clone())
}

async fn all(client: &Client, filter: &Value) -> Vec<Value> {
    client.ask(LIST, json!({"filter": filter})).await["events"]["edges"].as_array().unwrap().clone()
}

#[test]
fn whoever_takes_up_again_anywhere_sees_each_event_once_and_in_order() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    // How many events are read before the connection breaks, and how many happen meanwhile.
    let breaks = proptest::collection::vec((0_usize..5, 0_u8..4), 1..8);
    let held = runner.run(&(breaks, any::<bool>()), |(breaks, filtered)| {
        runtime.block_on(taken_up_again(&breaks, filtered));
        Ok(())
    });
    held.unwrap();
}

async fn taken_up_again(breaks: &[(usize, u8)], filtered: bool) {
    let client = Client::new().await;
    let other = client.elsewhere();
    let filter = if filtered { json!({"types": ["ASSET_CREATED"]}) } else { json!({}) };
    client.watch("8.8.8.8").await;
    let first = all(&client, &json!({})).await[0]["cursor"].clone();
    let (mut seen, mut cursor) = (Vec::new(), first.clone());
    for (round, (reads, happen)) in breaks.iter().enumerate() {
        // Another process each time, and events of both.
        let (reader, writer) = if round % 2 == 0 { (&client, &other) } else { (&other, &client) };
        for n in 0..*happen {
            let asset = writer.watch(&format!("8.8.{round}.{n}")).await;
            writer.find(&asset, &[json!({})]).await;
        }
        let mut stream = reader.follow(&client.caller, FOLLOW, json!({"after": cursor, "filter": filter}));
        let left = all(&client, &filter).await.len() - 1 - seen.len();
        for _ in 0..left.min(*reads) {
            let event = next(&mut stream).await.unwrap();
            cursor = event["cursor"].clone();
            seen.push(event);
        }
    }
    let expected: Vec<Value> = all(&client, &filter).await.into_iter().filter(|e| e["cursor"] != first).collect();
    let mut stream = client.follow(&client.caller, FOLLOW, json!({"after": cursor, "filter": filter}));
    while seen.len() < expected.len() {
        seen.push(next(&mut stream).await.unwrap());
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn without_a_cursor_it_begins_now_and_what_another_process_writes_arrives() {
    let client = Client::new().await;
    client.watch("8.8.8.8").await;
    let mut stream = client.follow(&client.caller, FOLLOW, json!({}));
    // Polled once, so that it knows where now is.
    assert!(tokio::time::timeout(Duration::from_millis(50), stream.next()).await.is_err());
    client.elsewhere().watch("8.8.4.4").await;
    let event = next(&mut stream).await.unwrap();
    assert_eq!(event["node"]["type"], "ASSET_CREATED");
    assert_eq!(Some(&event), all(&client, &json!({})).await.last());
}

#[tokio::test]
async fn a_revoked_token_and_an_ended_session_hear_no_more() {
    let client = Client::new().await;
    let wanted = NewApiToken { name: "SIEM".into(), scopes: [Scope::Read].into(), expires_at: None };
    let (token, secret) = access::create_api_token(&client.app, &client.caller, wanted).await.unwrap();
    let machine = access::authenticate(&client.app, Credential::Bearer(&secret)).await.unwrap().unwrap();
    let login = Login { email: "ops@plant.example".into(), password: "correct horse battery".into() };
    let person = access::login(&client.app, login, &Device::default()).await.unwrap().caller;
    let mut streams: Vec<BoxStream<'static, Value>> = [&machine, &person].map(|who| begun(&client, who)).into();
    client.watch("8.8.8.8").await;
    for stream in &mut streams {
        assert!(next(stream).await.is_some());
    }
    access::revoke_api_token(&client.app, &client.caller, &token.id).await.unwrap();
    access::logout(&client.app, &person).await.unwrap();
    client.clock.advance(SignedDuration::from_secs(16));
    client.watch("8.8.4.4").await;
    for mut stream in streams {
        let last = stream.next().await.unwrap();
        assert_eq!(last["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{last:#}");
        assert!(stream.next().await.is_none());
    }
}

fn begun(client: &Client, who: &Caller) -> BoxStream<'static, Value> {
    client.follow(who, FOLLOW, json!({"after": schema::types::event::cursor(0)}))
}

#[tokio::test]
async fn who_may_not_read_is_not_let_listen() {
    let client = Client::new().await;
    let mute = Caller { scopes: Some([Scope::WriteAssets].into()), ..client.caller.clone() };
    let told = client.follow(&mute, FOLLOW, json!({})).next().await.unwrap();
    assert_eq!(told["errors"][0]["extensions"]["code"], "FORBIDDEN", "{told:#}");
}

#[tokio::test]
async fn a_cursor_that_this_log_never_gave_is_refused_and_not_waited_for() {
    let client = Client::new().await;
    client.watch("8.8.8.8").await;
    let (last, ahead) = (schema::types::event::cursor(1), schema::types::event::cursor(2));
    let other_bucket = last.replace("event_00", "event_01");
    assert_ne!(other_bucket, last);
    let page = "query($after: String) { events(first: 1, after: $after) { nodes { id } } }";
    for (cursor, said) in
        [(ahead, "ahead of the event log"), (other_bucket, "not a cursor"), ("x".into(), "not a cursor")]
    {
        let told = client.follow(&client.caller, FOLLOW, json!({"after": cursor})).next().await.unwrap();
        let listed = client.try_ask(&client.caller, page, json!({"after": cursor})).await;
        for answer in [told, listed] {
            assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer:#}");
            assert!(answer["errors"][0]["message"].as_str().unwrap().contains(said), "{answer:#}");
        }
    }
    assert_eq!(client.ask(page, json!({"after": last})).await["events"]["nodes"], json!([]));
}
