use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use app::ports::{Queue, QueueName};
use app::testing::{ManualClock, MemoryQueue};
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jiff::SignedDuration;

use super::around;
use crate::host::HostError;

/// A handler that fails its first `failures` calls.
fn failing(failures: usize, calls: Arc<AtomicUsize>) -> Router {
    let answer = move || async move {
        let failed = calls.fetch_add(1, Ordering::SeqCst) < failures;
        let status = if failed { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
        (status, [("content-type", "application/json")], "{}").into_response()
    };
    Router::new().route("/notify", post(answer))
}

async fn put(queue: &MemoryQueue, bodies: &[&str]) {
    for body in bodies {
        queue.put(QueueName::Notifications, body, Duration::ZERO).await.unwrap();
    }
}

#[tokio::test]
async fn what_succeeds_is_deleted_batch_by_batch_until_nothing_is_left() {
    let queue = MemoryQueue::new(Arc::new(ManualClock::default()));
    put(&queue, &["[1]"; 40]).await;
    let host = around(failing(0, Arc::default()), &[]).await;
    assert_eq!(host.pump(&queue).await.unwrap().delivered, 40);
    assert_eq!(queue.depth(QueueName::Notifications).await.unwrap(), 0);
}

#[tokio::test]
async fn what_fails_comes_back_after_a_minute_and_not_before() {
    let clock = Arc::new(ManualClock::default());
    let queue = MemoryQueue::new(Arc::clone(&clock));
    put(&queue, &["[1]"]).await;
    let host = around(failing(1, Arc::default()), &[]).await;
    assert_eq!(host.pump(&queue).await.unwrap().failed.len(), 1);
    clock.advance(SignedDuration::from_secs(59));
    assert_eq!(host.pump(&queue).await.unwrap().delivered, 0);
    clock.advance(SignedDuration::from_secs(1));
    assert_eq!(host.pump(&queue).await.unwrap().delivered, 1);
}

#[tokio::test]
async fn a_message_that_fails_five_times_is_poison() {
    let queue = MemoryQueue::new(Arc::new(ManualClock::default()));
    put(&queue, &["[1,\"route\"]"]).await;
    let calls = Arc::new(AtomicUsize::new(0));
    let at_once = ("AzureFunctionsJobHost__extensions__queues__visibilityTimeout", "00:00:00");
    let host = around(failing(usize::MAX, Arc::clone(&calls)), &[at_once]).await;
    let pumped = host.pump(&queue).await.unwrap();
    assert_eq!((pumped.delivered, pumped.failed.len(), pumped.poisoned), (0, 5, 1));
    assert_eq!(calls.load(Ordering::SeqCst), 5);
    assert_eq!(queue.bodies(QueueName::NotificationsPoison), ["[1,\"route\"]"]);
    assert!(queue.bodies(QueueName::Notifications).is_empty());
}

#[tokio::test]
async fn an_answer_over_which_the_host_would_hang_stops_the_pump() {
    let queue = MemoryQueue::new(Arc::new(ManualClock::default()));
    put(&queue, &["[1]"]).await;
    let silent = || async { Response::new(axum::body::Body::empty()) };
    let host = around(Router::new().route("/notify", post(silent)), &[]).await;
    assert!(matches!(host.pump(&queue).await, Err(HostError::WouldHang { .. })));
    assert_eq!(queue.bodies(QueueName::Notifications).len(), 1);
}
