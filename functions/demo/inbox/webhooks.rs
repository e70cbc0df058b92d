//! Takes webhooks as Standard Webhooks 1.0 tells receivers to: signature over id, time and body, not older than 5 minutes.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use channels::webhook::sign;
use serde_json::{Value, json};

use super::shelf::{ReceivedWebhook, Shelf, put, shown};

const TOLERANCE_SECONDS: u64 = 300;

pub(super) async fn take(State(shelf): State<Arc<Shelf>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let now = shelf.now();
    let mut content = shelf.content();
    let verified = content.secret.as_ref().is_some_and(|secret| holds(secret, &headers, &body, now.as_second()));
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    let received = ReceivedWebhook {
        received_at: now,
        id: header(&headers, "webhook-id").to_owned(),
        verified,
        body: serde_json::from_slice(&body).unwrap_or_else(|_| text()),
    };
    put(&mut content.webhooks, received);
    if verified { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED }
}

/// All webhooks as JSON, the newest first.
pub(super) async fn show(State(shelf): State<Arc<Shelf>>) -> Response {
    let webhooks = json!(shelf.content().webhooks);
    shown(&webhooks)
}

fn holds(secret: &[u8], headers: &HeaderMap, body: &[u8], now: i64) -> bool {
    let Ok(at) = header(headers, "webhook-timestamp").parse::<i64>() else { return false };
    let Ok(right) = sign(secret, header(headers, "webhook-id"), at, body) else { return false };
    let signed = header(headers, "webhook-signature").split(' ').any(|signature| signature == right);
    signed && at.abs_diff(now) <= TOLERANCE_SECONDS
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_signed_as_it_is_and_fresh_holds() {
        let secret = [7; 32];
        let signature = format!("v1,AAAA {}", sign(&secret, "msg_1", 1_000, b"{}").unwrap());
        let headers: HeaderMap =
            [("webhook-id", "msg_1"), ("webhook-timestamp", "1000"), ("webhook-signature", signature.as_str())]
                .into_iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
        assert!(holds(&secret, &headers, b"{}", 1_300));
        assert!(!holds(&secret, &headers, b"{} ", 1_300));
        assert!(!holds(&[8; 32], &headers, b"{}", 1_300));
        assert!(!holds(&secret, &headers, b"{}", 1_301));
        assert!(!holds(&secret, &HeaderMap::new(), b"{}", 1_000));
    }
}
