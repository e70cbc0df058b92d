//! The contract with the Functions host, as far as its entries share it.
//!
//! What the host means by an answer: any 2xx with a JSON object is success; anything else is repeated; an empty answer
//! hangs until the time-out. What it means by an end: exit code 0 is taken for a wish not to be started again, so this
//! mode never ends with it.

mod envelope;
mod origin;
mod run;

pub use envelope::QueueMessage;
pub use origin::{by_host, passed_on};
pub use run::run;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use crate::http;

/// The answer to the host: done, or to be repeated.
pub fn done(function: &str, outcome: Result<(), app::Error>) -> Response {
    match outcome {
        Ok(()) => http::json(StatusCode::OK, &json!({})),
        Err(error) => {
            tracing::error!(function, %error, "an invocation failed and is repeated");
            http::problem(StatusCode::INTERNAL_SERVER_ERROR, "it failed; the log says why")
        }
    }
}
