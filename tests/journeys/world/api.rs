//! What people and programs ask: GraphQL, and the links of mails.

use http::{Method, Request};
use serde_json::{Value, json};

use super::settings::PASSWORD;
use super::{Program, World};

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// 0: the program was not there.
    pub status: u16,
    /// The body.
    pub text: String,
}

impl World {
    /// A request from outside.
    pub(crate) async fn http(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).unwrap();
        match &self.program {
            Program::Machine(machine) => machine.http(request).await,
            Program::Azure(azure) => azure.http(request).await,
        }
    }

    /// A question, with the token of whoever signed in last; the whole answer. `None`: it was killed meanwhile.
    pub(crate) async fn try_ask(&self, query: &str, variables: Value) -> Option<Value> {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        let headers = if self.token.is_empty() { &headers[..1] } else { &headers[..] };
        let body = json!({"query": query, "variables": variables}).to_string();
        serde_json::from_str(&self.http(Method::POST, "/graphql", headers, body).await.text).ok()
    }

    /// A question; the whole answer.
    pub(crate) async fn ask_whole(&self, query: &str, variables: Value) -> Value {
        self.try_ask(query, variables).await.expect("an answer in JSON")
    }

    /// A question that must go well: its data.
    pub(crate) async fn ask(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.ask_whole(query, variables).await;
        assert!(answer["errors"].is_null(), "{answer}");
        answer["data"].take()
    }

    /// A mutation of one field that must go well: its payload.
    pub(crate) async fn change(&self, mutation: &str, variables: Value) -> Value {
        let data = self.ask(mutation, variables).await;
        let payload = data.as_object().and_then(|fields| fields.values().next()).cloned().unwrap_or_default();
        assert_eq!(payload["userErrors"], json!([]), "{mutation}: {payload}");
        payload
    }

    /// All nodes of a list, page by page. `list` is the field with its arguments up to the closing bracket.
    pub(crate) async fn all(&self, list: &str, fields: &str) -> Vec<Value> {
        let name = list.split('(').next().unwrap_or_default();
        let query = format!(
            "query($after: String) {{ {list} first: 100, after: $after) {{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let mut nodes = Vec::new();
        let mut after = Value::Null;
        loop {
            let mut page = self.ask(&query, json!({"after": after})).await;
            let page = &mut page[name];
            nodes.extend(page["nodes"].as_array_mut().map(std::mem::take).unwrap_or_default());
            if page["pageInfo"]["hasNextPage"] != true {
                return nodes;
            }
            after = page["pageInfo"]["endCursor"].take();
        }
    }

    /// Registers; the payload.
    pub(crate) async fn register(&self, email: &str, code: &str) -> Value {
        let register = "mutation($input: RegisterInput!) { register(input: $input) {
            token viewer { role user { email } } userErrors { code field } } }";
        let input = json!({ "email": email, "password": PASSWORD, "name": "Ops", "organizationName": "Plant",
            "setupCode": code });
        self.ask(register, json!({"input": input})).await["register"].take()
    }

    /// Registers an asset; its id.
    pub(crate) async fn watch(&self, name: &str, target: &str) -> String {
        let create = "mutation($input: CreateAssetInput!) { createAsset(input: $input) {
            asset { id } userErrors { code message } } }";
        let made = self.change(create, json!({"input": {"name": name, "target": target, "criticality": "HIGH"}})).await;
        made["asset"]["id"].as_str().unwrap().to_owned()
    }

    /// Waits until the source was asked about an asset since `since`, which is when it was asked before.
    pub(crate) async fn polled(&self, id: &str, since: &Value) -> Value {
        let look = "query($id: ID!) { asset(id: $id) { monitoring { lastPolledAt status source lastError } } }";
        self.until("a poll", async || {
            let now = self.ask(look, json!({"id": id})).await["asset"]["monitoring"].take();
            (!now["lastPolledAt"].is_null() && now["lastPolledAt"] != *since).then_some(now)
        })
        .await
    }

    /// Has an asset asked about anew, and waits until it was.
    pub(crate) async fn poll_again(&self, id: &str) {
        let before = self.polled(id, &Value::Null).await["lastPolledAt"].take();
        let refresh = "mutation($id: ID!) { refreshAsset(input: {id: $id}) { userErrors { code message } } }";
        self.change(refresh, json!({"id": id})).await;
        self.polled(id, &before).await;
    }

    /// Makes a webhook to the receiver; id and secret.
    pub(crate) async fn webhook(&self) -> (String, String) {
        let create = "mutation($url: Url!) { createWebhookChannel(input: { name: \"Tickets\", url: $url }) {
            secret channel { id } userErrors { code message } } }";
        let made = self.change(create, json!({"url": self.receiver.url})).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&made["channel"]["id"]), text(&made["secret"]))
    }
}

/// The sum of all `FindingCounts`.
pub(crate) fn total(counts: &Value) -> u64 {
    match counts {
        Value::Number(number) => number.as_u64().unwrap_or_default(),
        Value::Object(parts) => parts.values().map(total).sum(),
        _ => 0,
    }
}
