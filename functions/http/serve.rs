use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Doors, Program, router};

/// What is in flight at the end has so long; open event streams would go on for ever.
const GRACE: Duration = Duration::from_secs(10);
/// Who has not told within so long what they want is not waited for, also between two requests of one connection.
const HEAD: Duration = Duration::from_secs(30);
/// Connections at once: more wait in the system's queue. Twice what streams may take, and less than the files that a
/// process may have open by default.
const CONNECTIONS: usize = 512;
/// After a failure to accept, which is mostly a lack of files: the next try.
const AGAIN: Duration = Duration::from_millis(200);

/// Answers on the listener until `end` comes, then finishes what is in flight.
///
/// # Errors
/// Of the listener.
pub async fn serve_on(
    listener: TcpListener,
    program: Arc<Program>,
    doors: Doors,
    end: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = router(&program, doors);
    let mut http = http1::Builder::new();
    // The host keeps its connections to us for as long as it likes; everybody else is a stranger.
    if doors != Doors::PeopleAndHost {
        http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    }
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let connections = GracefulShutdown::new();
    tokio::pin!(end);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            next = next => next,
            () = &mut end => break,
        };
        match (accepted, place) {
            (Ok((stream, _)), Ok(place)) => converse(&http, stream, &router, connections.watcher(), place),
            (Err(error), _) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(AGAIN).await;
            }
            (_, Err(closed)) => return Err(io::Error::other(closed)),
        }
    }
    drop(listener);
    if tokio::time::timeout(GRACE, connections.shutdown()).await.is_err() {
        tracing::info!("requests that did not end in time are cut off");
    }
    Ok(())
}

/// Takes requests off a connection until either side ends it.
fn converse(http: &http1::Builder, stream: TcpStream, router: &Router, watcher: Watcher, place: OwnedSemaphorePermit) {
    // Small answers are not to wait for more; a stream that refuses the option works without.
    let _unset = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router.clone());
    let connection = watcher.watch(http.serve_connection(TokioIo::new(stream), service));
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
        drop(place);
    });
}
