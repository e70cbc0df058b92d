use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use app::access::{Caller, NewApiToken, bootstrap, create_api_token};
use app::assets::{AssetDraft, create};
use domain::role::Scope;
use iotmonitor::compose::{Manner, compose};
use iotmonitor::config::{Config, Environment};
use iotmonitor::http::{Doors, Program, serve_on};
use iotmonitor::outside::Outbound;
use serde_json::{Value, json};
use sources::simulator::{Data, Options, Simulator};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The program with a Shodan of its own.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) program: Arc<Program>,
    pub(crate) owner: Caller,
    address: SocketAddr,
    _dir: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default(), Simulator::demo_data(), &[]).await
    }

    pub(crate) async fn with(options: Options, data: Data, settings: &[(&str, &str)]) -> Self {
        let simulator = Simulator::start(data, options).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let own = [
            ("IOTMONITOR_STORAGE", format!("embedded:{}", dir.path().display())),
            ("IOTMONITOR_SHODAN_URL", simulator.shodan_url().into()),
            ("IOTMONITOR_SHODAN_STREAM_URL", simulator.stream_url().into()),
            ("IOTMONITOR_SHODAN_EXPLOITS_URL", simulator.exploits_url().into()),
            ("IOTMONITOR_CVEDB_URL", simulator.cvedb_url().into()),
            ("IOTMONITOR_INTERNETDB_URL", simulator.internetdb_url().into()),
            ("IOTMONITOR_SHODAN_KEY", "INSTANCEKEY".into()),
            ("IOTMONITOR_TARGET_ALLOW", "192.0.2.0/24,198.51.100.0/24,203.0.113.0/24".into()),
        ];
        let mut all: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.retain(|(name, _)| settings.iter().all(|(other, _)| other != name));
        all.extend(settings.iter().filter(|(_, value)| !value.is_empty()));
        let config = Config::read(&Environment::of(all)).unwrap();
        let manner = Manner { turn: Duration::from_millis(1), streams: true, ..Manner::default() };
        let program = compose(&config, manner).unwrap();
        program.ready().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve_on(listener, Arc::clone(&program), Doors::People, std::future::pending()));
        let owner = bootstrap(&program.app, "ada@example.com", "a sentence is good", "Ada", None).await.unwrap();
        Self { simulator, program, owner, address, _dir: dir }
    }

    /// What is answered to a POST.
    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> (u16, String) {
        let client = Outbound::new(None).unwrap().client().unwrap();
        let mut request = client.post(format!("http://{}{path}", self.address)).body(body.into());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// A new asset.
    pub(crate) async fn watch(&self, target: &str) -> String {
        let draft = AssetDraft { target: Some(target.into()), enabled: true, ..AssetDraft::default() };
        create(&self.program.app, &self.owner, &draft).await.unwrap().id.to_string()
    }

    /// A new API token with these scopes.
    pub(crate) async fn token(&self, scopes: &[Scope]) -> String {
        let scopes = scopes.iter().copied().collect();
        let wanted = NewApiToken { name: "test".into(), scopes, expires_at: None };
        create_api_token(&self.program.app, &self.owner, wanted).await.unwrap().1
    }

    /// Whatever is answered to a document.
    pub(crate) async fn ask(&self, token: &str, document: &str, variables: Value) -> Value {
        let client = Outbound::new(None).unwrap().client().unwrap();
        let body = json!({ "query": document, "variables": variables });
        let request = client.post(format!("http://{}/graphql", self.address)).body(body.to_string());
        let request = request.header("content-type", "application/json").bearer_auth(token);
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
    }

    /// The data of an answer without errors.
    pub(crate) async fn data(&self, token: &str, document: &str) -> Value {
        let answer = self.ask(token, document, json!({})).await;
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"].clone()
    }

    /// The code of the first error, and which fault of the input it is.
    pub(crate) async fn refused(&self, token: &str, document: &str) -> (String, String, String) {
        let answer = self.ask(token, document, json!({})).await;
        let error = answer["errors"][0].clone();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&error["extensions"]["code"]), text(&error["extensions"]["userErrorCode"]), text(&error["message"]))
    }
}

/// An instant so many seconds ago, as Shodan writes it.
#[expect(clippy::disallowed_methods, reason = "the program under test runs on the system's clock")]
pub(crate) fn ago(seconds: i64) -> String {
    let at = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds);
    at.strftime("%Y-%m-%dT%H:%M:%S.000000").to_string()
}
