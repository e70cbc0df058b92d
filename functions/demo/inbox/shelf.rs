use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::ports::Clock;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// Older ones are let go of.
const MOST: usize = 500;

/// A webhook that came.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedWebhook {
    /// When.
    pub received_at: Timestamp,
    /// `webhook-id`: the same on every attempt of one delivery.
    pub id: String,
    /// Does the signature hold, and is it fresh?
    pub verified: bool,
    /// What came, or the text if it was no JSON.
    pub body: Value,
}

/// A mail that came.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedMail {
    /// When.
    pub received_at: Timestamp,
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// The subject, decoded.
    pub subject: String,
    /// The plain part, decoded.
    pub text: String,
    /// The whole message as it came.
    pub source: String,
}

/// Keeps what came, the newest first.
pub(super) struct Shelf {
    clock: Arc<dyn Clock>,
    kept: Mutex<Content>,
}

#[derive(Default)]
pub(super) struct Content {
    pub(super) secret: Option<Vec<u8>>,
    pub(super) webhooks: VecDeque<ReceivedWebhook>,
    pub(super) mails: VecDeque<ReceivedMail>,
}

impl Shelf {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, kept: Mutex::default() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn expect(&self, secret: Vec<u8>) {
        self.content().secret = Some(secret);
    }

    pub(super) fn content(&self) -> MutexGuard<'_, Content> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts one in front.
pub(super) fn put<T>(kept: &mut VecDeque<T>, new: T) {
    kept.push_front(new);
    kept.truncate(MOST);
}

/// All mails as JSON, the newest first.
pub(super) async fn show_mails(State(shelf): State<Arc<Shelf>>) -> Response {
    let mails = json!(shelf.content().mails);
    shown(&mails)
}

/// JSON with line breaks: readable in a browser as it is, and nothing in it can become markup.
pub(super) fn shown(what: &Value) -> Response {
    let mut response = crate::http::json(StatusCode::OK, what);
    *response.body_mut() = format!("{what:#}\n").into();
    response.headers_mut().insert("x-content-type-options", axum::http::HeaderValue::from_static("nosniff"));
    response
}
