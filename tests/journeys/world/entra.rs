//! Storage that no key opens: a stand-in of the endpoint that App Service sets hands out tokens of an identity, and Azurite,
//! over TLS, is sent nothing but them.

use std::collections::HashMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use iotmonitor::config::{Config, Environment, Storage};
use iotmonitor::outside::{ManagedIdentity, Outbound, SystemClock};
use serde_json::{Value, json};
use storage::{Azure, AzureSettings, Credential};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{PATIENCE, now};

const SECRET: &str = "of-this-instance-alone";
const ACCOUNT: &str = "devstoreaccount1";
/// The identity that may.
pub(crate) const CLIENT_ID: &str = "2f5c0c6e-6f0f-4a30-9d6e-1c7f4b1f7a10";

/// Both, ended with this value.
pub(crate) struct Entra {
    azurite: Child,
    tables: String,
    queues: String,
    endpoint: String,
    given: Arc<AtomicUsize>,
    folder: TempDir,
}

impl Entra {
    /// `None`: Azurite is not installed, and that is said.
    pub(crate) async fn start() -> Option<Self> {
        // Whoever may leave tests out says so, as the others do.
        drop(storage::azurite::Azurite::start_empty()?);
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(folder.path().join("certificate.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node_modules/azurite/dist/src/azurite.js");
        let [blobs, queues, tables] = free_ports();
        let mut command = Command::new("node");
        command.arg(script).args(["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--inMemoryPersistence"]);
        command.args(["--oauth", "basic", "--cert", "certificate.pem", "--key", "key.pem"]).current_dir(folder.path());
        for (option, port) in [("--blobPort", blobs), ("--queuePort", queues), ("--tablePort", tables)] {
            command.args([option, &port.to_string()]);
        }
        let azurite = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap();
        let given = Arc::default();
        let endpoint = endpoint(Arc::clone(&given)).await;
        let service = |port: u16| format!("https://127.0.0.1:{port}/{ACCOUNT}");
        let entra = Self { azurite, tables: service(tables), queues: service(queues), endpoint, given, folder };
        let end = Instant::now() + PATIENCE;
        for port in [queues, tables] {
            while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                assert!(Instant::now() < end, "Azurite does not answer");
                sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        Some(entra)
    }

    /// The settings of an app with this identity, as the platform and the templates make them.
    pub(crate) fn settings(&self, client_id: &str) -> Vec<(String, String)> {
        let settings = [
            ("AzureWebJobsStorage__accountName", ACCOUNT),
            ("AzureWebJobsStorage__tableServiceUri", &self.tables),
            ("AzureWebJobsStorage__queueServiceUri", &self.queues),
            ("AzureWebJobsStorage__credential", "managedidentity"),
            ("AzureWebJobsStorage__clientId", client_id),
            ("IDENTITY_ENDPOINT", &self.endpoint),
            ("IDENTITY_HEADER", SECRET),
            ("IOTMONITOR_CA_FILE", &self.folder.path().join("certificate.pem").display().to_string()),
        ];
        settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// How many tokens were handed out.
    pub(crate) fn given(&self) -> usize {
        self.given.load(Ordering::SeqCst)
    }

    /// Its queues as the host has them: with the same identity.
    pub(super) fn host(&self) -> Azure {
        let on_functions = ("FUNCTIONS_CUSTOMHANDLER_PORT".to_owned(), "7000".to_owned());
        let settings = self.settings(CLIENT_ID).into_iter().chain([on_functions]);
        let config = Config::read(&Environment::of(settings)).unwrap();
        let Storage::Identity(identity) = config.storage else { panic!("no identity: {:?}", config.storage) };
        let http = Outbound::new(config.egress.authorities.as_deref()).unwrap().client().unwrap();
        let settings = AzureSettings {
            account: identity.account.clone(),
            table_endpoint: identity.tables.clone(),
            queue_endpoint: identity.queues.clone(),
            credential: Credential::Token(Arc::new(ManagedIdentity::new(
                http.clone(),
                Arc::new(SystemClock),
                identity,
            ))),
        };
        Azure::connect(settings, http).unwrap()
    }
}

impl Drop for Entra {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is waited for.
        let _ = self.azurite.kill();
        let _ = self.azurite.wait();
    }
}

async fn endpoint(given: Arc<AtomicUsize>) -> String {
    let routes = Router::new().route("/msi/token", get(token)).with_state(given);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/msi/token")
}

/// Hands out tokens like those of Entra ID, to who knows the secret and names the right identity; counts them. What is asked
/// is what App Service documents for version 2019-08-01.
async fn token(
    State(given): State<Arc<AtomicUsize>>,
    Query(asked): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<String, StatusCode> {
    let says = |name: &str, value: &str| asked.get(name).is_some_and(|said| said == value);
    let known = headers.get("x-identity-header").is_some_and(|secret| secret == SECRET);
    if !known || !says("api-version", "2019-08-01") || !says("resource", "https://storage.azure.com") {
        return Err(StatusCode::BAD_REQUEST);
    }
    if !says("client_id", CLIENT_ID) {
        return Err(StatusCode::NOT_FOUND);
    }
    given.fetch_add(1, Ordering::SeqCst);
    let now = now().as_second();
    let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    let claims = json!({
        "aud": "https://storage.azure.com", "iss": format!("https://sts.windows.net/{tenant}/"), "tid": tenant,
        "iat": now, "nbf": now - 5, "exp": now + 3600, "oid": CLIENT_ID, "ver": "1.0",
    });
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let token = format!("{}.{}.bm9ib2R5IGxvb2tz", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(&claims));
    Ok(json!({ "access_token": token, "expires_on": (now + 3600).to_string(), "token_type": "Bearer" }).to_string())
}

fn free_ports() -> [u16; 3] {
    let listeners = [0; 3].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
