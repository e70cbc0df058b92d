use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::Request;
use http::request::Builder;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A page of findings as the console shows it, worst first.
pub(crate) const PAGE: &str = "query($after: String) {
  findings(first: 50, after: $after, filter: { states: [OPEN] }, orderBy: { field: RISK, direction: DESC }) {
    totalCount
    nodes {
      id title severity confidence state riskScore dueAt firstObservedAt ip port transport asset { id name }
    }
    pageInfo { hasNextPage endCursor }
  }
}";

/// One connection that stays open.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    address: SocketAddr,
    token: String,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr, token: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // What breaks here breaks the request that is waited for, too.
            let _ = connection.await;
        });
        Ok(Self { sender, address, token: token.to_owned() })
    }

    /// Asks and reads the whole answer, which must be a good one.
    pub(crate) async fn ask(&mut self, question: &Bytes) -> Result<Bytes> {
        self.post("/graphql", question).await
    }

    /// The same to another door.
    pub(crate) async fn post(&mut self, path: &str, body: &Bytes) -> Result<Bytes> {
        self.send(Request::post(path), body).await
    }

    /// What a door shows to anybody.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Bytes> {
        self.send(Request::get(path), &Bytes::new()).await
    }

    async fn send(&mut self, request: Builder, body: &Bytes) -> Result<Bytes> {
        let mut request = request
            .header("host", self.address.to_string())
            .header("content-type", "application/json")
            .header("accept", "application/graphql-response+json");
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        self.sender.ready().await?;
        let answer = self.sender.send_request(request.body(Full::new(body.clone()))?).await?;
        let status = answer.status();
        let said = answer.into_body().collect().await?.to_bytes();
        ensure!(status == 200, "{status}: {}", String::from_utf8_lossy(&said));
        Ok(said)
    }

    /// The same, read as JSON.
    pub(crate) async fn read(&mut self, question: &Bytes) -> Result<Value> {
        let answer: Value = serde_json::from_slice(&self.ask(question).await?)?;
        ensure!(answer["errors"].is_null(), "{answer}");
        Ok(answer)
    }
}

/// The body of a request.
pub(crate) fn question(query: &str, variables: &Value) -> Bytes {
    json!({ "query": query, "variables": variables }).to_string().into()
}

/// Questions for one page after the other, until there is none or there are enough.
pub(crate) async fn all_pages(client: &mut Client, most: usize) -> Result<Vec<Bytes>> {
    let mut questions = vec![question(PAGE, &json!({}))];
    while questions.len() < most {
        let answer = client.read(&questions[questions.len() - 1]).await?;
        let page = &answer["data"]["findings"]["pageInfo"];
        if page["hasNextPage"] != true {
            break;
        }
        questions.push(question(PAGE, &json!({ "after": page["endCursor"] })));
    }
    Ok(questions)
}

/// What many requests took.
pub(crate) struct Load {
    /// Of each request, ascending.
    pub(crate) latencies: Vec<Duration>,
    /// From the first to the last.
    pub(crate) wall: Duration,
}

/// Asks the questions in turn, so many times over all connections, each asking again as soon as it is answered.
pub(crate) async fn load(
    address: SocketAddr,
    token: &str,
    questions: &[Bytes],
    connections: usize,
    requests: usize,
) -> Result<Load> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        let mut client = Client::connect(address, token).await?;
        client.ask(&questions[0]).await?;
        clients.push(client);
    }
    let began = Instant::now();
    let mut asking = JoinSet::new();
    for (number, mut client) in clients.into_iter().enumerate() {
        let questions = questions.to_vec();
        asking.spawn(async move {
            let mut latencies = Vec::with_capacity(requests / connections + 1);
            for turn in (number..requests).step_by(connections) {
                let asked = Instant::now();
                client.ask(&questions[turn % questions.len()]).await?;
                latencies.push(asked.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::with_capacity(requests);
    while let Some(answered) = asking.join_next().await {
        latencies.extend(answered.context("a client fell over")??);
    }
    let wall = began.elapsed();
    latencies.sort_unstable();
    Ok(Load { latencies, wall })
}
