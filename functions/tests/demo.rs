//! The demonstration, as its user meets it: over HTTP, within seconds.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::PathBuf;
use std::time::Duration;

use iotmonitor::demo::{Demo, Options, QUESTIONS};
use iotmonitor::outside::Outbound;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

struct Running {
    http: Client,
    graphql: String,
    inbox: String,
    token: String,
    password: String,
    end: oneshot::Sender<()>,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    async fn start(data: Option<PathBuf>) -> Self {
        let demo = Demo::start(Options { port: 0, data }).await.unwrap();
        let (end, ended) = oneshot::channel();
        Self {
            http: Outbound::new(None).unwrap().client().unwrap(),
            graphql: format!("http://{}/graphql", demo.address),
            inbox: format!("http://{}", demo.inbox),
            token: demo.token.clone(),
            password: demo.password.clone(),
            end,
            task: tokio::spawn(demo.run(async {
                let _ = ended.await;
            })),
        }
    }

    async fn ask(&self, query: &str) -> Value {
        let request = self.http.post(&self.graphql).bearer_auth(&self.token).header("content-type", "application/json");
        let answer = request.body(json!({ "query": query }).to_string()).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    async fn get(&self, url: &str) -> (u16, Value) {
        let answer = self.http.get(url).send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn stop(self) {
        self.end.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

/// Asks again until the answer is good, for so long; then what it was.
async fn within<T>(seconds: u64, mut ask: impl AsyncFnMut() -> T, good: impl Fn(&T) -> bool) -> T {
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        let answer = ask().await;
        if good(&answer) || Instant::now() > end {
            return answer;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn within_seconds_there_are_findings_and_the_inboxes_hold_what_was_sent() {
    let demo = Running::start(None).await;
    let query = "{ findings(first: 3) { totalCount nodes { title severity } } }";
    let total = |answer: &Value| answer["data"]["findings"]["totalCount"].as_u64().unwrap_or_default();
    let found = within(5, async || demo.ask(query).await, |answer| total(answer) > 20).await;
    assert!(total(&found) > 20, "{found}");
    assert_eq!(found["data"]["findings"]["nodes"].as_array().unwrap().len(), 3);

    for question in QUESTIONS {
        let answer = demo.ask(question).await;
        assert!(answer["errors"].is_null() && answer["data"].is_object(), "{question}: {answer}");
    }

    let inbox = format!("{}/inbox", demo.inbox);
    let count = |(_, list): &(u16, Value)| list.as_array().map_or(0, Vec::len);
    let webhooks = within(5, async || demo.get(&inbox).await, |list| count(list) > 20).await;
    assert!(count(&webhooks) > 20, "{}", webhooks.1);
    assert!(webhooks.1.as_array().unwrap().iter().all(|webhook| webhook["verified"] == true), "{}", webhooks.1);

    let mails = format!("{}/mails", demo.inbox);
    let mails = within(5, async || demo.get(&mails).await, |list| count(list) > 0).await;
    assert_eq!(mails.1[0]["to"], json!(["ops@plant.example"]), "{}", mails.1);
    assert!(!mails.1[0]["text"].as_str().unwrap().is_empty() && !mails.1[0]["subject"].as_str().unwrap().is_empty());

    let ready = demo.graphql.replace("graphql", "readyz");
    let (status, answer) = within(5, async || demo.get(&ready).await, |(status, _)| *status == 200).await;
    assert_eq!(status, 200, "{answer}");
    demo.stop().await;
}

#[tokio::test]
async fn with_a_folder_of_its_own_it_is_the_same_plant_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let first = Running::start(Some(dir.path().to_owned())).await;
    let (token, password) = (first.token.clone(), first.password.clone());
    first.stop().await;
    let second = Running::start(Some(dir.path().to_owned())).await;
    assert_eq!((&second.token, &second.password), (&token, &password));
    let assets = second.ask("{ assets(first: 20) { nodes { name } } }").await;
    assert_eq!(assets["data"]["assets"]["nodes"].as_array().unwrap().len(), 12, "{assets}");
    second.stop().await;
}
