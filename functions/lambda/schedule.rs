use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use lambda_http::{Body, Error};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::http::{self, Program};
use crate::poll;

/// Who sends what a schedule sends: rules of `EventBridge`, and its Scheduler.
const SCHEDULERS: [&str; 2] = ["aws.events", "aws.scheduler"];
/// Of the time that is left, the tick gets three parts of four: telling is what it is all for.
const TICK_QUARTERS: u32 = 3;
/// No message is begun with less: a webhook may take 15 s, a mail 30.
const LONGEST_MESSAGE: Duration = Duration::from_secs(35);
/// Messages between two looks at the time.
const AT_ONCE: usize = 32;

/// One tick, and then messages until the queue is empty or the time is up. What is left the next one takes up.
pub(super) async fn handle(program: &Program, event: &Body, left: Duration) -> Result<Response, Error> {
    if !is_of_schedule(event) {
        tracing::warn!(bytes = event.len(), "an event that is no schedule's was refused");
        return Err("this function takes events of its schedule, and requests by HTTP".into());
    }
    let end = Instant::now() + left;
    poll::tick_within(program, left / 4 * TICK_QUARTERS).await?;
    let mut messages = 0;
    while end.saturating_duration_since(Instant::now()) > LONGEST_MESSAGE {
        match app::notify::drain(&program.app, AT_ONCE).await? {
            0 => break,
            handled => messages += handled,
        }
    }
    if messages > 0 {
        tracing::info!(messages, "told");
    }
    Ok(http::json(StatusCode::OK, &json!({ "messages": messages })))
}

/// An event of HTTP whose form Lambda's crate does not know would come here too, with words of a stranger in it. But
/// whoever asks by HTTP writes neither of these two: Lambda makes the outermost object.
fn is_of_schedule(event: &Body) -> bool {
    let Ok(Value::Object(event)) = serde_json::from_slice::<Value>(event) else { return false };
    let sender = event.get("source").and_then(Value::as_str);
    sender.is_some_and(|sender| SCHEDULERS.contains(&sender)) && !event.contains_key("requestContext")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_told_from_everything_else() {
        let is = |event: Value| is_of_schedule(&Body::Text(event.to_string()));
        assert!(is(json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})));
        assert!(is(json!({"source": "aws.scheduler", "detail-type": "Scheduled Event"})));
        for other in [
            json!({"source": "aws.events", "requestContext": {"http": {}}}),
            json!({"requestContext": {}, "body": "{\"source\":\"aws.events\"}"}),
            json!({"source": ["aws.events"]}),
            json!({"Records": [{"eventSource": "aws:sqs"}]}),
            json!([{"source": "aws.events"}]),
            json!(null),
        ] {
            assert!(!is(other.clone()), "{other}");
        }
        assert!(!is_of_schedule(&Body::Empty));
    }
}
