//! `/healthz`: the process answers. Says nothing of what it depends on; that is `/readyz`.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

/// Always well, or there is no answer.
pub async fn handle() -> Response {
    crate::http::json(StatusCode::OK, &json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}
