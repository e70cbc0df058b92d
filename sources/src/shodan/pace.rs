use std::sync::Arc;
use std::time::Duration;

use app::ports::SourceKey;
use async_trait::async_trait;
use shodan_client::{Error, Key, Pace};

use super::errors::client_error;
use crate::governor::Governor;

/// The client's turns, from the governor that all processes share.
pub(crate) struct Governed(pub(crate) Arc<Governor>);

#[async_trait]
impl Pace for Governed {
    async fn turn(&self, key: &Key) -> Result<(), Error> {
        self.0.turn(&source_key(key)).await.map_err(client_error)
    }

    async fn slow_down(&self, key: &Key, wait: Duration) {
        self.0.back_off(&source_key(key), u32::try_from(wait.as_secs()).unwrap_or(u32::MAX)).await;
    }
}

fn source_key(key: &Key) -> SourceKey {
    SourceKey::Shodan(key.reveal().to_owned())
}
