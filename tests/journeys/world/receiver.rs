//! Somebody's webhook receiver on loopback: keeps what it got.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Received {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    /// Its `webhook-id`.
    pub(crate) fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().unwrap()
    }

    /// What it says.
    pub(crate) fn event(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

struct Shelf {
    got: Mutex<Vec<Received>>,
    answer: AtomicU16,
    held: watch::Sender<bool>,
}

/// A running receiver.
pub(crate) struct Receiver {
    pub url: String,
    shelf: Arc<Shelf>,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let shelf = Shelf { got: Mutex::default(), answer: AtomicU16::new(204), held: watch::Sender::new(false) };
        let shelf = Arc::new(shelf);
        let keep = |State(shelf): State<Arc<Shelf>>, headers: HeaderMap, body: Bytes| async move {
            shelf.got.lock().unwrap().push(Received { headers, body });
            shelf.held.subscribe().wait_for(|held| !held).await.unwrap();
            StatusCode::from_u16(shelf.answer.load(Ordering::SeqCst)).unwrap()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", post(keep)).with_state(Arc::clone(&shelf));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shelf }
    }

    /// Answers so from now on; 204 at first. What it refuses it keeps too.
    pub(crate) fn answers(&self, status: u16) {
        self.shelf.answer.store(status, Ordering::SeqCst);
    }

    /// `true`: it takes requests and does not answer them until `false`.
    pub(crate) fn hold(&self, held: bool) {
        self.shelf.held.send_replace(held);
    }

    pub(crate) fn got(&self) -> Vec<Received> {
        self.shelf.got.lock().unwrap().clone()
    }

    /// Did an event of this type come whose JSON has this text in it?
    pub(crate) fn was_told(&self, kind: &str, text: &str) -> bool {
        let told = |event: Value| event["type"] == kind && event.to_string().contains(text);
        self.got().iter().any(|received| told(received.event()))
    }
}
