//! Whoever copies a query out of the documents gets an answer: each is asked of the demonstration, in the order of the
//! page, with the variables that stand below it.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use iotmonitor::demo::{Demo, Options};
use iotmonitor::outside::Outbound;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// A query, and the variables in the block behind it.
#[derive(Debug, PartialEq)]
struct Question {
    query: String,
    variables: Value,
}

/// Words in documents that stand for ids, and where a real one is found.
const IDS: [(&str, &str, &str); 6] = [
    ("ASSET_ID", "{ assets(first: 1) { nodes { id } } }", "/assets/nodes/0/id"),
    ("FINDING_ID", "{ findings(first: 1, filter: {states: [OPEN]}) { nodes { id } } }", "/findings/nodes/0/id"),
    ("EVENT_ID", "{ events(first: 1, filter: {types: [FINDING_OPENED]}) { nodes { id } } }", "/events/nodes/0/id"),
    ("CHANNEL_ID", "{ notificationChannels(first: 1) { nodes { id } } }", "/notificationChannels/nodes/0/id"),
    (
        "DELIVERY_ID",
        "{ deliveries(first: 1, filter: {states: [DELIVERED]}) { nodes { id } } }",
        "/deliveries/nodes/0/id",
    ),
    (
        "USER_ID",
        "{ organization { members(first: 1) { nodes { user { id } } } } }",
        "/organization/members/nodes/0/user/id",
    ),
];

/// The demonstration over HTTP.
struct Asked {
    http: Client,
    url: String,
    token: String,
}

impl Asked {
    fn request(&self, question: &Question, accept: &str) -> RequestBuilder {
        let request = self.http.post(&self.url).bearer_auth(&self.token).header("content-type", "application/json");
        let body = json!({ "query": question.query, "variables": question.variables });
        request.header("accept", accept).body(body.to_string())
    }

    async fn data(&self, question: &Question) -> Value {
        let answer: Response = self.request(question, "application/json").send().await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert!(answer["errors"].is_null(), "{}\n{answer:#}", question.query);
        answer["data"].clone()
    }

    /// The id of something that is there, as soon as it is.
    async fn id(&self, query: &str, pointer: &str) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let data = self.data(&Question { query: query.to_owned(), variables: Value::Null }).await;
            match data.pointer(pointer).and_then(Value::as_str) {
                Some(id) => return id.to_owned(),
                None => assert!(Instant::now() < end, "{query} finds nothing: {data}"),
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The documents that people copy from: the README, and every page of the guide.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let pages = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = pages.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    all.push(root.join("README.md"));
    all.sort();
    all
}

/// Every block of GraphQL in a text. One of JSON behind it, with nothing but blank lines between, has its variables.
fn questions(text: &str) -> Vec<Question> {
    let mut found: Vec<Question> = Vec::new();
    let mut just_asked = false;
    let mut rest = text;
    while let Some((before, block)) = rest.split_once("```") {
        let (language, block) = block.split_once('\n').unwrap();
        let (block, after) = block.split_once("```").unwrap();
        match language {
            "graphql" => found.push(Question { query: block.to_owned(), variables: Value::Null }),
            "json" if just_asked && before.trim().is_empty() => {
                found.last_mut().unwrap().variables = serde_json::from_str(block).unwrap();
            }
            _ => {}
        }
        just_asked = language == "graphql";
        rest = after;
    }
    found
}

/// The filters that the guide lists in a table.
fn filters() -> Vec<Value> {
    let guide = include_str!("../../docs/api.md").lines();
    let cells = guide.filter_map(|line| line.strip_prefix("| ")?.split_once("| `{")?.1.split_once("` |"));
    let filters: Vec<Value> = cells.map(|(filter, _)| serde_json::from_str(&format!("{{{filter}")).unwrap()).collect();
    assert!(filters.len() > 5, "only {} filters were found", filters.len());
    filters
}

/// What a mutation had to say against its input.
fn objections(data: &Value) -> Vec<&Value> {
    let payloads = data.as_object().into_iter().flat_map(|data| data.values());
    payloads.filter_map(|payload| payload["userErrors"].as_array()).flatten().collect()
}

#[tokio::test]
async fn every_query_of_the_documents_is_answered() {
    let demo = Demo::start(Options { port: 0, data: None }).await.unwrap();
    let http = Outbound::new(None).unwrap().client().unwrap();
    let asked = Asked { http, url: format!("http://{}/graphql", demo.address), token: demo.token.clone() };
    let running = tokio::spawn(demo.run(std::future::pending()));
    let mut ids = BTreeMap::new();
    for (word, query, pointer) in IDS {
        ids.insert(word, asked.id(query, pointer).await);
    }
    let mut answered = 0;
    for path in documents() {
        for mut question in questions(&std::fs::read_to_string(&path).unwrap()) {
            let variables = question.variables.to_string();
            let named = ids.iter().fold(variables, |text, (word, id)| text.replace(word, id));
            question.variables = serde_json::from_str(&named).unwrap();
            println!("{}: {}", path.display(), question.query.lines().next().unwrap_or_default());
            answered += 1;
            if question.query.trim_start().starts_with("subscription") {
                let answer = asked.request(&question, "text/event-stream").send().await.unwrap();
                let kind = answer.headers()["content-type"].to_str().unwrap();
                assert!(answer.status().is_success() && kind.starts_with("text/event-stream"), "{}", question.query);
                continue;
            }
            let data = asked.data(&question).await;
            assert!(objections(&data).is_empty(), "{}: {}\n{data:#}", path.display(), question.query);
        }
    }
    assert!(answered > 25, "only {answered} queries were found");
    for filter in filters() {
        let query = "query ($filter: FindingFilter) { findings(first: 1, filter: $filter) { totalCount } }".to_owned();
        asked.data(&Question { query, variables: json!({ "filter": filter }) }).await;
    }
    running.abort();
}

#[test]
fn a_query_is_found_with_the_variables_that_stand_behind_it() {
    let text = "a\n```graphql\n{ a }\n```\n\n```json\n{\"x\": 1}\n```\n```json\n{\"y\": 2}\n```\n```graphql\n{ b }\n```\nwords\n```json\n{}\n```\n";
    let question = |query: &str, variables| Question { query: query.into(), variables };
    assert_eq!(questions(text), [question("{ a }\n", json!({"x": 1})), question("{ b }\n", Value::Null)]);
}
