use std::time::Duration;

use tokio::sync::watch;

use crate::http::Program;
use crate::trace;

/// The queue is looked at so often when nothing wakes the pump: for retries whose time has come.
const LOOK: Duration = Duration::from_secs(2);
/// After trouble with the store.
const PAUSE: Duration = Duration::from_secs(10);

/// Handles messages until `ending` says so; what is in hand then is finished.
pub(super) async fn pump(program: &Program, mut ending: watch::Receiver<bool>) {
    while !*ending.borrow() {
        let wait = match turn(program, &ending).await {
            Ok(0) => LOOK,
            Ok(_) => continue,
            Err(error) => {
                tracing::error!(%error, "the queue cannot be read");
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = program.woken.wait() => {}
            _ = ending.changed() => {}
        }
    }
}

/// Until the queue is empty or the end has come.
async fn turn(program: &Program, ending: &watch::Receiver<bool>) -> Result<usize, app::ports::StoreError> {
    let work = async {
        program.ready().await?;
        app::notify::drain_while(&program.app, usize::MAX, || !*ending.borrow()).await
    };
    trace::begin(&*program.app.ids, "notify", work).await
}
