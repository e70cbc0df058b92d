use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{pump::pump, streams::streams, timer::timer};
use crate::http::{Doors, Program, serve_on};

/// A tick or a message in hand at the end has so long. What is cut off then is taken up at the next start.
const GRACE: Duration = Duration::from_secs(20);

/// Serves, polls and notifies until `end` comes; then finishes what is in hand.
///
/// # Errors
/// Of the listener.
pub async fn run(
    listener: TcpListener,
    program: Arc<Program>,
    end: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (ended, ending) = watch::channel(false);
    let until = |mut ending: watch::Receiver<bool>| async move {
        // An error means that the sender is gone, which is the end too.
        let _ = ending.wait_for(|ended| *ended).await;
    };
    let http = serve_on(listener, Arc::clone(&program), Doors::PeopleAndMachine, until(ending.clone()));
    let work = async {
        tokio::join!(
            timer(&program, ending.clone()),
            pump(&program, ending.clone()),
            streams(&program, ending.clone()),
            backups(&program, ending.clone())
        )
    };
    let bounded_work = async {
        let patience = async {
            until(ending.clone()).await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            _ = work => {}
            () = patience => tracing::warn!("what was in hand did not end in time; the next start takes it up"),
        }
    };
    let watcher = async {
        tokio::select! {
            () = end => {}
            () = until(ending.clone()) => {}
        }
        ended.send_replace(true);
    };
    let serving = async {
        let served = http.await;
        // A listener that fails ends everything.
        ended.send_replace(true);
        served
    };
    let ((), served, ()) = tokio::join!(watcher, serving, bounded_work);
    served
}

/// Hands out backups, where there is something to back up and a way to ask.
async fn backups(program: &Program, mut ending: watch::Receiver<bool>) {
    #[cfg(unix)]
    if let Some(kept) = &program.kept {
        let end = async {
            let _ = ending.wait_for(|ended| *ended).await;
        };
        crate::backup::door::attend(kept, end).await;
    }
    #[cfg(not(unix))]
    let _ = (program, ending.borrow_and_update());
}

/// Until SIGINT or, where there is such a thing, SIGTERM.
pub async fn ended_by_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
