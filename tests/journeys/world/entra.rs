//! Storage by a managed identity and nothing else: a stand-in of the endpoint that App Service sets hands out tokens, and
//! Azurite, over TLS, takes nothing but them.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use app::ports::{QueueName, Table};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use iotmonitor::compose::{Manner, compose};
use iotmonitor::config::{Config, Environment};
use iotmonitor::outside::SystemClock;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

const SECRET: &str = "of-this-instance-alone";
const CLIENT_ID: &str = "2f5c0c6e-6f0f-4a30-9d6e-1c7f4b1f7a10";
const ACCOUNT: &str = "devstoreaccount1";
const PATIENCE: Duration = Duration::from_mins(1);

/// What the endpoint is asked, as App Service documents it for version 2019-08-01.
#[derive(Deserialize)]
struct Asked {
    resource: String,
    #[serde(rename = "api-version")]
    version: String,
    client_id: Option<String>,
}

/// Hands out tokens like those of Entra ID, to who knows the secret and names the right identity; counts them.
async fn token(
    State(given): State<Arc<AtomicUsize>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<String, StatusCode> {
    let known = headers.get("x-identity-header").is_some_and(|secret| secret == SECRET);
    if !known || asked.version != "2019-08-01" || asked.resource != "https://storage.azure.com" {
        return Err(StatusCode::BAD_REQUEST);
    }
    if asked.client_id.as_deref() != Some(CLIENT_ID) {
        return Err(StatusCode::NOT_FOUND);
    }
    given.fetch_add(1, Ordering::Relaxed);
    let now = app::ports::Clock::now(&SystemClock).as_second();
    let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    let claims = json!({
        "aud": "https://storage.azure.com", "iss": format!("https://sts.windows.net/{tenant}/"), "tid": tenant,
        "iat": now, "nbf": now - 5, "exp": now + 3600, "oid": CLIENT_ID, "ver": "1.0",
    });
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let token = format!("{}.{}.bm9ib2R5IGxvb2tz", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(&claims));
    Ok(json!({ "access_token": token, "expires_on": (now + 3600).to_string(), "token_type": "Bearer" }).to_string())
}

/// Azurite over TLS that knows tokens, ended with this value. `None`: it is not installed, and that is said.
struct Azurite {
    child: Child,
    tables: u16,
    queues: u16,
}

impl Azurite {
    async fn start(folder: &Path) -> Option<Self> {
        // Whoever may leave tests out says so, as the others do.
        drop(storage::azurite::Azurite::start_empty()?);
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(folder.join("certificate.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node_modules/azurite/dist/src/azurite.js");
        let [blobs, queues, tables] = free_ports();
        let mut command = Command::new("node");
        command.arg(script).args(["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--inMemoryPersistence"]);
        command.args(["--oauth", "basic", "--cert", "certificate.pem", "--key", "key.pem"]).current_dir(folder);
        for (option, port) in [("--blobPort", blobs), ("--queuePort", queues), ("--tablePort", tables)] {
            command.args([option, &port.to_string()]);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap();
        let azurite = Self { child, tables, queues };
        let end = Instant::now() + PATIENCE;
        for port in [queues, tables] {
            while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                assert!(Instant::now() < end, "Azurite does not answer");
                sleep(Duration::from_millis(50)).await;
            }
        }
        Some(azurite)
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_ports() -> [u16; 3] {
    let listeners = [0; 3].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

#[tokio::test]
async fn with_an_identity_alone_tables_and_queues_are_used_and_one_token_serves_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let Some(azurite) = Azurite::start(folder.path()).await else { return };
    let given = Arc::new(AtomicUsize::new(0));
    let endpoint = Router::new().route("/msi/token", get(token)).with_state(Arc::clone(&given));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, endpoint).into_future());

    let service = |port: u16| format!("https://127.0.0.1:{port}/{ACCOUNT}");
    let settings = |client_id: &str| {
        Environment::of([
            ("FUNCTIONS_CUSTOMHANDLER_PORT", "7000".to_owned()),
            ("AzureWebJobsStorage__accountName", ACCOUNT.to_owned()),
            ("AzureWebJobsStorage__tableServiceUri", service(azurite.tables)),
            ("AzureWebJobsStorage__queueServiceUri", service(azurite.queues)),
            ("AzureWebJobsStorage__credential", "managedidentity".to_owned()),
            ("AzureWebJobsStorage__clientId", client_id.to_owned()),
            ("IDENTITY_ENDPOINT", format!("http://{address}/msi/token")),
            ("IDENTITY_HEADER", SECRET.to_owned()),
            ("IOTMONITOR_CA_FILE", folder.path().join("certificate.pem").display().to_string()),
            ("IOTMONITOR_POLL_SCHEDULE", "0 * * * * *".to_owned()),
            ("IOTMONITOR_SECRET_KEY", format!("{}=", "A".repeat(43))),
        ])
    };
    let program = |client_id: &str| compose(&Config::read(&settings(client_id)).unwrap(), Manner::default()).unwrap();

    // Another identity gets no token, and nobody comes in without one.
    let refused = program("somebody-else").ready().await.unwrap_err().to_string();
    assert_eq!(given.load(Ordering::Relaxed), 0, "{refused}");

    let program = program(CLIENT_ID);
    program.ready().await.unwrap();
    let app = &program.app;
    app::access::bootstrap(app, "ops@plant.example", "a long enough pass phrase", "Ops", None).await.unwrap();
    app.queue.put(QueueName::Notifications, "[1]", Duration::ZERO).await.unwrap();
    let taken = app.queue.receive(QueueName::Notifications, 1, PATIENCE).await.unwrap();
    app.queue.delete(QueueName::Notifications, &taken[0]).await.unwrap();
    assert_eq!(app.tables.get(Table::Accounts, "nobody", "nothing").await.unwrap(), None);
    assert_eq!(given.load(Ordering::Relaxed), 1);
}
