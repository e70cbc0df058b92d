use super::{Feed, Item, Stream, StreamOptions};
use crate::{Error, Shodan};

/// A stream that comes back when it ends or breaks. What was found in between is lost: Shodan sends nothing twice.
#[derive(Debug)]
pub struct Follow {
    shodan: Shodan,
    feed: Feed,
    options: StreamOptions,
    stream: Option<Stream>,
    failures: u32,
}

impl Shodan {
    /// Opens a stream when it is first read, and again whenever it ends, with the waits of the client's
    /// [`crate::Retry`].
    pub fn follow(&self, feed: Feed, options: StreamOptions) -> Follow {
        Follow { shodan: self.clone(), feed, options, stream: None, failures: 0 }
    }
}

impl Follow {
    /// What comes next.
    ///
    /// # Errors
    /// What trying again does not help, and what stays wrong over as many tries in a row as the client makes.
    pub async fn next(&mut self) -> Result<Item, Error> {
        loop {
            let failed = match self.step().await {
                Ok(item) => {
                    self.failures = 0;
                    return Ok(item);
                }
                Err(error) => error,
            };
            self.stream = None;
            self.failures += 1;
            let Some(wait) = self.shodan.retry.after(self.failures, &failed, true) else { return Err(failed) };
            tracing::debug!(error = %failed, ?wait, failures = self.failures, "the stream is opened again");
            tokio::time::sleep(wait).await;
        }
    }

    async fn step(&mut self) -> Result<Item, Error> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            closed => closed.insert(self.shodan.stream(&self.feed, self.options).await?),
        };
        stream.next().await?.ok_or_else(|| Error::Unavailable("the stream ended".into()))
    }
}
