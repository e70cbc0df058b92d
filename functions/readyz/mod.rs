//! `/readyz`: can the program do what it is for? The store answers, and the timer has fired when it should.

use std::sync::Arc;

use app::poll::last_tick;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::http::{self, Program};
use crate::standalone::Schedule;

/// A tick may take so long, and is not missed before.
const GRACE: SignedDuration = SignedDuration::from_mins(5);

/// 200 when all is well, else 503 with the reasons.
pub async fn handle(State(program): State<Arc<Program>>) -> Response {
    let mut reasons = Vec::new();
    let last = match look(&program).await {
        Ok(last) => {
            reasons.extend(late(last, program.app.now(), &program.server.schedule));
            last
        }
        Err(error) => {
            // Whoever asks is not known: the log gets what the store said.
            tracing::warn!(%error, "not ready: the store does not answer");
            reasons.push("the store does not answer".to_owned());
            None
        }
    };
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = if reasons.is_empty() { "ready" } else { "not ready" };
    http::json(status, &json!({ "status": word, "reasons": reasons, "lastPoll": last }))
}

async fn look(program: &Program) -> Result<Option<Timestamp>, app::Error> {
    program.ready().await?;
    Ok(last_tick(&*program.app.tables).await?)
}

/// What is wrong with the timer, if anything: the tick after the last one is overdue.
pub fn late(last: Option<Timestamp>, now: Timestamp, schedule: &Schedule) -> Option<String> {
    let Some(last) = last else { return Some("no poll has ended yet".into()) };
    let due = schedule.next(last)?;
    let missed = now.duration_since(due) > GRACE;
    missed.then(|| format!("the last poll ended at {last:.0}, and one was due at {due:.0}: does the timer fire?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_late_when_the_next_tick_is_overdue_by_more_than_a_tick_takes() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let hourly: Schedule = "0 0 * * * *".parse().unwrap();
        let last = Some(at("2026-03-01T10:00:04Z"));
        assert_eq!(late(last, at("2026-03-01T11:04:59Z"), &hourly), None);
        assert!(late(last, at("2026-03-01T11:05:01Z"), &hourly).unwrap().contains("does the timer fire"));
        assert!(late(None, at("2026-03-01T11:05:01Z"), &hourly).is_some());
        assert!(late(last, at("2026-03-01T10:06:01Z"), &Schedule::default()).is_some());
    }
}
