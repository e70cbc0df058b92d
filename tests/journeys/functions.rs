//! On Azure Functions: the packaged folder, driven as its host drives it, with Azurite's tables and queues.

use std::path::{Path, PathBuf};

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use journeys::host::FunctionsHost;
use serde_json::{Value, json};
use sources::simulator::{Options, Simulator};
use standardwebhooks::Webhook;
use storage::azurite::Azurite;
use storage::{Azure, AzureSettings};
use tempfile::TempDir;

use crate::receiver::Receiver;
use crate::verifiers::verify_elsewhere;

/// The program as the same build made it.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().join("iotmonitor")
}

fn package() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    xtask::package::stage(root, &program(), &folder.path().join("app")).unwrap();
    folder
}

struct Plant {
    host: FunctionsHost,
    queue: Azure,
    receiver: Receiver,
    token: String,
    _simulator: Simulator,
    _package: TempDir,
    _azurite: Azurite,
}

impl Plant {
    /// Somebody deployed it; the first owner registers with the setup code.
    async fn deployed() -> Option<Self> {
        let azurite = Azurite::start()?;
        let simulator = Simulator::start(Simulator::demo_data(), Options::default()).await.unwrap();
        let connection = azurite.connection_string().to_owned();
        let settings = [
            ("AzureWebJobsStorage", connection.clone()),
            ("IOTMONITOR_POLL_SCHEDULE", "0 * * * * *".into()),
            ("IOTMONITOR_SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into()),
            ("IOTMONITOR_SETUP_CODE", "first-come-first-served".into()),
            ("IOTMONITOR_SHODAN_KEY", "A-KEY-THAT-MUST-NOT-LEAK".into()),
            ("IOTMONITOR_SHODAN_URL", simulator.shodan_url().to_string()),
            ("IOTMONITOR_EGRESS_ALLOW", "127.0.0.0/8".into()),
            ("IOTMONITOR_TARGET_ALLOW", "198.51.100.0/24,203.0.113.0/24,2001:db8::/32".into()),
        ];
        let settings: Vec<(String, String)> =
            settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let package = package();
        let host = FunctionsHost::start(&package.path().join("app"), &settings).await.unwrap();
        let queue = Azure::connect(AzureSettings::from_connection_string(&connection).unwrap(), client()).unwrap();
        let receiver = Receiver::start().await;
        let mut plant = Self {
            host,
            queue,
            receiver,
            token: String::new(),
            _simulator: simulator,
            _package: package,
            _azurite: azurite,
        };
        let register = r#"mutation($password: String!) { register(input: { email: "ops@plant.example", password: $password,
            name: "Ops", organizationName: "Plant", setupCode: "first-come-first-served" }) { token userErrors { message } } }"#;
        let answer = plant.ask(register, json!({"password": "a long enough pass phrase"})).await;
        answer["data"]["register"]["token"].as_str().unwrap_or_else(|| panic!("{answer}")).clone_into(&mut plant.token);
        Some(plant)
    }

    async fn ask(&self, query: &str, variables: Value) -> Value {
        let mut request = Request::post("/graphql").header("content-type", "application/json");
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        let body = json!({"query": query, "variables": variables}).to_string();
        let answer = self.host.http(request.body(Body::from(body)).unwrap()).await.unwrap();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("not JSON: {bytes:?}"))
    }

    /// The host takes messages until none is left.
    async fn pump(&self) {
        for _ in 0..50 {
            let pumped = self.host.pump(&self.queue).await.unwrap();
            assert_eq!((&pumped.failed, pumped.poisoned), (&Vec::new(), 0));
            if pumped.delivered == 0 {
                return;
            }
        }
        panic!("the queue never empties");
    }
}

fn client() -> reqwest::Client {
    iotmonitor::outside::Outbound::new(None).unwrap().client().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_registers_a_camera_and_a_machine_is_told_what_is_wrong_with_it() {
    let Some(plant) = Plant::deployed().await else { return };
    let hook = r#"mutation($url: Url!) { createWebhookChannel(input: { name: "Tickets", url: $url }) { secret userErrors { message } } }"#;
    let made = plant.ask(hook, json!({"url": plant.receiver.url})).await;
    let secret = made["data"]["createWebhookChannel"]["secret"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let camera = r#"mutation { createAsset(input: { name: "Gate camera", target: "198.51.100.10", criticality: HIGH }) {
        asset { id kind monitoring { status } } userErrors { message } } }"#;
    let made = plant.ask(camera, json!({})).await;
    assert_eq!(made["data"]["createAsset"]["asset"]["kind"], "DEVICE", "{made}");

    plant.host.timer("poll").await.unwrap();
    plant.pump().await;

    let asked =
        "{ findings(first: 50) { totalCount nodes { title severity state asset { name } evidence { value } } } }";
    let found = plant.ask(asked, json!({})).await;
    let nodes = found["data"]["findings"]["nodes"].as_array().unwrap_or_else(|| panic!("{found}"));
    assert!(
        nodes.iter().any(|f| f["title"].as_str().unwrap().contains("CVE-2021-36260") && f["severity"] == "CRITICAL"),
        "{found}"
    );
    assert!(nodes.iter().all(|f| f["asset"]["name"] == "Gate camera"));

    let got = plant.receiver.got();
    let verifier = Webhook::new(&secret).unwrap();
    for request in &got {
        verifier.verify(&request.body, &request.headers).unwrap();
    }
    verify_elsewhere(&secret, &got);
    let told: Vec<Value> = got.iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    for kind in ["asset.created", "service.opened", "finding.opened", "asset.first_polled"] {
        assert!(told.iter().any(|event| event["type"] == kind), "{kind} is missing");
    }
    assert_eq!(told.iter().filter(|event| event["type"] == "finding.opened").count(), nodes.len());

    // The same again: nothing new, nobody is told.
    plant.host.timer("poll").await.unwrap();
    plant.pump().await;
    assert_eq!(plant.receiver.got().len(), got.len());
    let logs = format!("{:?}", plant.host.logs().await);
    assert!(!logs.contains("A-KEY-THAT-MUST-NOT-LEAK") && !logs.contains(&secret));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_cannot_play_the_timer_or_the_queue() {
    let Some(plant) = Plant::deployed().await else { return };
    for function in ["poll", "notify"] {
        let spoofed = plant.host.spoof(function, "{}").await.unwrap();
        assert_eq!((spoofed.through_host.as_u16(), spoofed.direct.as_u16()), (404, 404), "{function}");
    }
    // A message that nobody understands is dropped and said, and the queue goes on.
    plant.host.queue_message("notify", "no JSON at all", 1).await.unwrap();
    plant.host.kill().await;
    plant.host.restart().await.unwrap();
    let answer = plant.ask("{ viewer { role } }", json!({})).await;
    assert_eq!(answer["data"]["viewer"]["role"], "OWNER");
}
