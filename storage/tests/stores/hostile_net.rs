//! Answers as the real service gives them and Azurite does not, and what errors must never show.

use std::sync::Arc;
use std::time::Duration;

use app::ports::ConflictKind::Exists;
use app::ports::{Commit, Op, Queue as _, QueueName, StoreError, Table, Tables as _};
use async_trait::async_trait;
use storage::azurite::Azurite;
use storage::{AzureSettings, Credential, TokenSource};

use crate::proxy::{Act, Proxy};
use crate::{batch, conflict, connect, note};

const SECRET: &str = "hunter2secret";

struct FixedToken;

#[async_trait]
impl TokenSource for FixedToken {
    async fn token(&self) -> Result<String, StoreError> {
        Ok(SECRET.into())
    }
}

struct NoToken;

#[async_trait]
impl TokenSource for NoToken {
    async fn token(&self) -> Result<String, StoreError> {
        Err(StoreError::Denied("no identity".into()))
    }
}

fn settings(port: u16, credential: Credential) -> AzureSettings {
    let endpoint: url::Url = format!("http://127.0.0.1:{port}/acme").parse().unwrap();
    AzureSettings { account: "acme".into(), table_endpoint: endpoint.clone(), queue_endpoint: endpoint, credential }
}

fn answer(status: u16, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn odata(code: &str) -> String {
    format!(r#"{{"odata.error":{{"code":"{code}","message":{{"lang":"en-US","value":"{SECRET}"}}}}}}"#)
}

/// Newer accounts send no `Server`; the service proper sends codes of tables in the body alone.
#[tokio::test]
async fn answers_without_the_headers_that_the_crates_want_are_understood() {
    let Some(azurite) = Azurite::start() else { return };
    let mut settings = AzureSettings::from_connection_string(azurite.connection_string()).unwrap();
    let _proxy = Proxy::before_tables(&mut settings, |_| Act::Strip(&["server", "x-ms-error-code"])).await;
    let store = connect(settings);
    store.prepare().await.unwrap();
    let partition = format!("bare-{}", std::process::id());
    let insert = batch(&partition, vec![Op::Insert(note("a", "1")), Op::Insert(note("b", "1"))]);
    assert_eq!(store.commit(insert).await.unwrap(), Commit::Done);
    assert!(store.get(Table::Assets, &partition, "a").await.unwrap().is_some());
    assert_eq!(store.get(Table::Assets, &partition, "none").await.unwrap(), None);
    let insert = batch(&partition, vec![Op::Insert(note("c", "1")), Op::Insert(note("b", "1"))]);
    assert_eq!(store.commit(insert).await.unwrap(), conflict(1, Exists));
    let transactions = store.transactions();
    assert_eq!((transactions.batches, transactions.reads, transactions.queries), (2, 2, 0));
    assert_eq!(store.requests(), transactions.total());
}

#[tokio::test]
async fn a_token_goes_with_every_request_and_a_missing_one_sends_nothing() {
    let proxy = Proxy::start(None, |_| Act::Answer(answer(404, &odata("ResourceNotFound")))).await;
    let store = connect(settings(proxy.port(), Credential::Token(Arc::new(FixedToken))));
    assert_eq!(store.get(Table::Assets, "p", "k").await.unwrap(), None);
    assert!(proxy.seen()[0].head.contains(&format!("authorization: Bearer {SECRET}")));
    let store = connect(settings(proxy.port(), Credential::Token(Arc::new(NoToken))));
    let error = store.commit(batch("p", vec![Op::Upsert(note("k", "1"))])).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(why) if why.contains("no identity")), "{error:?}");
    assert_eq!(proxy.seen().len(), 1);
}

#[tokio::test]
async fn a_signature_goes_with_every_request_and_into_no_error() {
    let sas = || Credential::Sas(format!("?sv=2022-11-02&sig={SECRET}%2B"));
    let proxy = Proxy::start(None, |_| Act::LoseRequest).await;
    let store = connect(settings(proxy.port(), sas()));
    let read = store.get(Table::Assets, "p", "k").await.unwrap_err();
    let put = store.put(QueueName::Notifications, "x", Duration::ZERO).await.unwrap_err();
    assert!(proxy.seen().iter().all(|seen| seen.head.contains(&format!("sig={SECRET}%2B"))));
    assert_eq!(proxy.seen().len(), 4, "a read is tried three times, a message put once");
    let port = proxy.port();
    drop(proxy);
    let closed = connect(settings(port, sas())).put(QueueName::Notifications, "x", Duration::ZERO).await.unwrap_err();
    for error in [read, put, closed] {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(SECRET) && !shown.contains("sig="), "{shown}");
    }
}

#[tokio::test]
async fn answers_say_whether_to_wait_or_to_act() {
    for (status, body, acts) in [
        (403, odata("AuthorizationFailure"), true),
        (401, String::new(), true),
        (404, odata("TableNotFound"), true),
        (429, String::new(), false),
    ] {
        let proxy = Proxy::start(None, move |_| Act::Answer(answer(status, &body))).await;
        let store = connect(settings(proxy.port(), Credential::Key("c2VjcmV0".into())));
        let commit = store.commit(batch("p", vec![Op::Insert(note("k", "1"))])).await.unwrap_err();
        let read = store.get(Table::Assets, "p", "k").await.unwrap_err();
        for error in [commit, read] {
            assert_eq!(matches!(error, StoreError::Denied(_)), acts, "{status}: {error:?}");
            assert_eq!(matches!(error, StoreError::Unavailable(_)), !acts, "{status}: {error:?}");
            assert!(!format!("{error:?}").contains(SECRET), "what the service says may quote the request");
        }
    }
}

#[tokio::test]
async fn what_azure_refuses_and_the_limits_do_not_is_a_fault_of_the_caller() {
    let proxy = Proxy::start(None, |_| Act::Answer(answer(400, &odata("InvalidInput")))).await;
    let store = connect(settings(proxy.port(), Credential::Key("c2VjcmV0".into())));
    let commit = store.commit(batch("p", vec![Op::Insert(note("k", "1"))])).await;
    assert!(matches!(commit, Err(StoreError::Refused(_))), "{commit:?}");
    let put = store.put(QueueName::Notifications, "x", Duration::ZERO).await;
    assert!(matches!(put, Err(StoreError::Refused(_))), "{put:?}");
    assert_eq!(proxy.seen().len(), 2, "repeating does not help");
}

#[tokio::test]
async fn garbage_is_an_error_and_never_a_row() {
    for body in [
        "",
        "{}",
        "[]",
        "<html>",
        r#"{"odata.metadata":"x","RowKey":"k","n":1.5}"#,
        "{\"odata.metadata\":\"x\",\"RowKey\":",
    ] {
        let proxy = Proxy::start(None, move |_| Act::Answer(answer(200, body))).await;
        let store = connect(settings(proxy.port(), Credential::Key("c2VjcmV0".into())));
        assert!(matches!(store.get(Table::Assets, "p", "k").await, Err(StoreError::Corrupt(_))), "{body}");
        let commit = store.commit(batch("p", vec![Op::Insert(note("k", "1"))])).await.unwrap();
        assert_eq!(commit, Commit::Unknown, "{body}");
    }
}
