use std::time::Duration;

use tokio::sync::watch;

use crate::http::Program;
use crate::trace;

/// The queue is looked at so often when nothing wakes the pump: for retries whose time has come.
const LOOK: Duration = Duration::from_secs(2);
/// After trouble with the store.
const PAUSE: Duration = Duration::from_secs(10);
/// Messages between two looks at whether the end has come.
const AT_ONCE: usize = 128;

/// Handles messages until `ending` says so; what is in hand then is finished.
pub(super) async fn pump(program: &Program, mut ending: watch::Receiver<bool>) {
    while !*ending.borrow() {
        let wait = match turn(program).await {
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

async fn turn(program: &Program) -> Result<usize, app::ports::StoreError> {
    let work = async {
        program.ready().await?;
        app::notify::drain(&program.app, AT_ONCE).await
    };
    trace::begin(&*program.app.ids, "notify", work).await
}
