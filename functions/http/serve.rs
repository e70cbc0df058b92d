use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{Doors, Program, router};

/// What is in flight at the end has so long; open event streams would go on for ever.
const GRACE: Duration = Duration::from_secs(10);

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
    let (ending, ended) = oneshot::channel::<()>();
    let end = async move {
        end.await;
        // Nobody listens any more only when the server has ended by itself.
        let _ = ending.send(());
    };
    let server = axum::serve(listener, router).with_graceful_shutdown(end);
    let late = async {
        if ended.await.is_ok() {
            tokio::time::sleep(GRACE).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        result = async { server.await } => result,
        () = late => {
            tracing::info!("requests that did not end in time are cut off");
            Ok(())
        }
    }
}
