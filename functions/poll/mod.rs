//! `poll`: the timer. Fetches what is due, and carries on what crashes have left.

use std::sync::Arc;

use app::poll::TickReport;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::handler::{by_host, done};
use crate::http::{Program, nothing_here};
use crate::trace;

/// One tick. What the timer says of itself does not matter: what is due stands in the store.
pub async fn handle(State(program): State<Arc<Program>>, headers: HeaderMap) -> Response {
    if !by_host(&headers) {
        return nothing_here().await;
    }
    done("poll", tick(&program).await)
}

/// One tick, with a line in the log that says what it did.
///
/// # Errors
/// Of the store. What was polled until then is kept.
pub async fn tick(program: &Program) -> Result<(), app::Error> {
    told(program, app::poll::tick(&program.app)).await
}

/// One tick that begins no question after so long.
///
/// # Errors
/// As of [`tick`].
#[cfg(feature = "lambda")]
pub async fn tick_within(program: &Program, time: std::time::Duration) -> Result<(), app::Error> {
    told(program, app::poll::tick_within(&program.app, time)).await
}

async fn told(
    program: &Program,
    tick: impl Future<Output = Result<TickReport, app::Error>> + Send,
) -> Result<(), app::Error> {
    let work = async {
        program.ready().await?;
        let ticked = tick.await;
        program.metrics.ticked(ticked.as_ref().ok());
        let report = ticked?;
        if report != TickReport::default() {
            let TickReport { polled, unchanged, failed, left, carried_over } = report;
            tracing::info!(polled, unchanged, failed, left, carried_over, "polled");
        }
        Ok(())
    };
    trace::begin(&*program.app.ids, "poll", work).await
}
