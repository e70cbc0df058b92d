use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use app::monitor::{Feed, feeds, listen};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::http::Program;
use crate::trace;

/// Whose alerts are to be listened to is looked at so often.
const LOOK: Duration = Duration::from_secs(15);

/// Keeps Shodan's streams open for whoever is to be listened to, until `ending` says so. A stream is closed wherever it
/// stands: what it brought is stored or is not, as after a crash, and polls repair what it did not bring.
pub(super) async fn streams(program: &Arc<Program>, mut ending: watch::Receiver<bool>) {
    if !program.app.settings.streams {
        return;
    }
    let mut tasks = JoinSet::new();
    let mut open: BTreeMap<Feed, AbortHandle> = BTreeMap::new();
    while !*ending.borrow() {
        while tasks.try_join_next().is_some() {}
        open.retain(|_, task| !task.is_finished());
        match wanted(program).await {
            Ok(wanted) => {
                for (_, task) in open.extract_if(.., |feed, _| !wanted.contains(feed)) {
                    task.abort();
                }
                for feed in wanted {
                    open.entry(feed.clone()).or_insert_with(|| tasks.spawn(listening(Arc::clone(program), feed)));
                }
            }
            Err(error) => tracing::warn!(%error, "whom to listen to cannot be read"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = ending.changed() => {}
        }
    }
    tasks.shutdown().await;
}

async fn wanted(program: &Program) -> Result<Vec<Feed>, app::Error> {
    program.ready().await?;
    feeds(&program.app).await
}

async fn listening(program: Arc<Program>, feed: Feed) {
    trace::begin(&*program.app.ids, "stream", listen(&program.app, &feed)).await;
}
