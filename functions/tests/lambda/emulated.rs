//! The emulator of cargo-lambda: a function URL, and invocations with an event.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use iotmonitor::outside::Outbound;
use reqwest::Client;
use serde_json::{Value, json};
use storage::azurite::Azurite;
use tokio::time::{Instant, sleep};

use crate::events::of_schedule;
use crate::http_api;
use crate::program::{self, variable};

/// Names the emulator, as `cargo xtask test` installs it.
const EMULATOR: &str = "IOTMONITOR_TEST_CARGO_LAMBDA";
const PATIENCE: Duration = Duration::from_mins(1);

/// The emulator with the function in it.
struct Emulated {
    processes: Vec<Child>,
    address: String,
    http: Client,
    azurite: Azurite,
}

impl Emulated {
    async fn start() -> Option<Self> {
        let Some(emulator) = variable(EMULATOR) else {
            assert!(variable("CI").as_deref() != Some("true"), "{EMULATOR} must be set in CI");
            println!("not run: {EMULATOR} is not set");
            return None;
        };
        let azurite = Azurite::start_empty()?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let watch = ["lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1", "--invoke-port", &port];
        let watching = Command::new(emulator)
            .args(watch)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let address = format!("127.0.0.1:{port}");
        let http = Outbound::new(None).unwrap().client().unwrap();
        let mut emulated = Self { processes: vec![watching], address, http, azurite };
        let end = Instant::now() + PATIENCE;
        while tokio::net::TcpStream::connect(&emulated.address).await.is_err() {
            assert!(Instant::now() < end, "the emulator does not answer");
            sleep(Duration::from_millis(20)).await;
        }
        // Started by itself, a function has no name there.
        let interface = format!("http://{}/.rt", emulated.address);
        emulated.processes.push(program::start(&interface, emulated.azurite.connection_string()));
        Some(emulated)
    }

    /// What a client of the function URL gets.
    async fn ask(&self, method: http::Method, path: &str, body: String) -> (u16, Value) {
        let url = format!("http://{}/lambda-url/_{path}", self.address);
        let request = self.http.request(method, url).header("content-type", "application/json");
        let answer = request.header("accept", "application/json").timeout(PATIENCE).body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    /// What whoever invokes the function with an event gets.
    async fn invoke(&self, event: &Value) -> (u16, Value) {
        let url = format!("http://{}/2015-03-31/functions/_/invocations", self.address);
        let answer = self.http.post(url).timeout(PATIENCE).body(event.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

#[tokio::test]
async fn under_the_emulator_of_others_it_answers_obeys_the_schedule_and_nobody_plays_it() {
    let Some(lambda) = Emulated::start().await else { return };
    let question = json!({"query": "{ __typename }"}).to_string();
    let (status, answer) = lambda.ask(http::Method::POST, "/graphql", question).await;
    assert_eq!((status, &answer["data"]["__typename"]), (200, &json!("Query")), "{answer}");

    let forged = of_schedule().to_string();
    assert_eq!(lambda.ask(http::Method::POST, "/events", forged).await.0, 404);
    assert_eq!(lambda.ask(http::Method::GET, "/readyz", String::new()).await.0, 503);

    let (status, answer) = lambda.invoke(&of_schedule()).await;
    assert!(status == 200 && answer["errorMessage"].is_null(), "{status} {answer}");
    assert_eq!(lambda.ask(http::Method::GET, "/readyz", String::new()).await.0, 200);

    http_api::is_served(async |event| lambda.invoke(&event).await.1).await;
}
