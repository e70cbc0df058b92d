//! The packaged folder, driven as its host drives it, with Azurite's tables and queues.

use std::convert::Infallible;
use std::path::Path;

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use journeys::host::{FunctionsHost, HostError, Pumped};
use storage::azurite::Azurite;
use storage::{Azure, AzureSettings};
use tempfile::TempDir;
use tokio::time::Instant;

use super::api::Answer;
use super::entra::{self, Entra};
use super::unreliable::Unreliable;
use super::{PATIENCE, Wishes, client, machine};

pub(crate) struct OnAzure {
    /// The host.
    pub host: FunctionsHost,
    /// Its queues.
    pub queue: Azure,
    /// What stands before its storage, if that is to fail.
    pub(super) unreliable: Option<Unreliable>,
    /// Who hands out tokens, if storage is opened by them.
    pub entra: Option<Entra>,
    _package: TempDir,
    _azurite: Option<Azurite>,
}

impl OnAzure {
    pub(super) async fn start(settings: Vec<(String, String)>, wishes: &Wishes) -> Option<Self> {
        if wishes.identity {
            let entra = Entra::start().await?;
            let (host, package) = started(settings, entra.settings(entra::CLIENT_ID)).await;
            let queue = entra.host();
            return Some(Self { host, queue, unreliable: None, entra: Some(entra), _package: package, _azurite: None });
        }
        let azurite = Azurite::start()?;
        let connection = azurite.connection_string();
        let (unreliable, through) = if wishes.unreliable_storage {
            let (unreliable, through) = Unreliable::before(connection).await;
            (Some(unreliable), through)
        } else {
            (None, connection.to_owned())
        };
        let (host, package) = started(settings, vec![("AzureWebJobsStorage".to_owned(), through)]).await;
        let queue = Azure::connect(AzureSettings::from_connection_string(connection).unwrap(), client()).unwrap();
        Some(Self { host, queue, unreliable, entra: None, _package: package, _azurite: Some(azurite) })
    }

    /// The timer fires once, then the host takes messages until none is left.
    pub(super) async fn turn(&self) {
        self.host.timer("poll").await.unwrap();
        let end = Instant::now() + PATIENCE;
        loop {
            let pumped = self.pump().await;
            assert_eq!((&pumped.failed, pumped.poisoned), (&Vec::new(), 0));
            if pumped.delivered == 0 {
                return;
            }
            assert!(Instant::now() < end, "the queue never empties");
        }
    }

    /// Timer and queue side by side, whatever becomes of the program.
    pub(super) async fn turn_for_ever(&self) -> (Infallible, Infallible) {
        let ticks = async {
            loop {
                tolerate(&self.host.timer("poll").await);
            }
        };
        let messages = async {
            loop {
                tolerate(&self.host.pump(&self.queue).await);
            }
        };
        tokio::join!(ticks, messages)
    }

    /// The host takes what is visible.
    pub(crate) async fn pump(&self) -> Pumped {
        self.host.pump(&self.queue).await.unwrap()
    }

    pub(super) async fn http(&self, request: Request<String>) -> Answer {
        let answer = self.host.http(request.map(Body::from)).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        Answer { status, text: String::from_utf8_lossy(&bytes).into_owned() }
    }
}

/// A program that was killed fails; one over which the host would hang is wrong.
fn tolerate<T>(outcome: &Result<T, HostError>) {
    assert!(!matches!(outcome, Err(HostError::WouldHang { .. })), "the host would hang");
}

/// The package under its host, with these settings beside those of every app.
async fn started(mut settings: Vec<(String, String)>, storage: Vec<(String, String)>) -> (FunctionsHost, TempDir) {
    settings.extend(storage);
    for (name, value) in [
        ("IOTMONITOR_POLL_SCHEDULE", "0 * * * * *"),
        ("IOTMONITOR_SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ] {
        settings.push((name.to_owned(), value.to_owned()));
    }
    let package = package();
    let host = FunctionsHost::start(&package.path().join("app"), &settings).await.unwrap();
    (host, package)
}

fn package() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    xtask::package::stage(root, &machine::executable(), &folder.path().join("app")).unwrap();
    folder
}
