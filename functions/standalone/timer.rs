use std::time::Duration;

use tokio::sync::watch;

use crate::http::Program;
use crate::poll;

/// Nobody sleeps longer in one go: the machine may have slept meanwhile, and its clock may have been set.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// Fires at once, for what was missed, and then as the schedule says, until `ending` says so. Ticks never overlap;
/// what falls into one is made up for by the next.
pub(super) async fn timer(program: &Program, mut ending: watch::Receiver<bool>) {
    while !*ending.borrow() {
        let began = program.app.now();
        if let Err(error) = poll::tick(program).await {
            tracing::error!(%error, "a poll failed; the next one is tried as if nothing had happened");
        }
        let Some(next) = program.server.schedule.next(began) else {
            tracing::error!("the schedule names no further instant: nothing is polled any more");
            return;
        };
        while !*ending.borrow() {
            let wait = Duration::try_from(next.duration_since(program.app.now())).unwrap_or_default();
            if wait.is_zero() {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(wait.min(LONGEST_NAP)) => {}
                _ = ending.changed() => {}
            }
        }
    }
}
