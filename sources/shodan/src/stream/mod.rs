//! Banners as they are found: one JSON object a line, blank lines in between as heartbeats.
//!
//! Here belong the feeds, the bounded reading of lines and the coming back after a break. Alerts may be streamed on
//! every plan that has alerts; the other feeds are sold apart. Never here: what becomes of a banner.

mod feed;
mod follow;
mod lines;

use std::fmt;
use std::time::Duration;

use reqwest::Response;
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::banner::{Banner, Context, Reason, Refused};
use crate::exchange::{describe, redacted};
use crate::lenient::{self, repaired};
use crate::refusal::refusal;
use crate::{Error, Key, Shodan, answer};

pub use feed::Feed;
pub use follow::Follow;

use lines::{Line, Lines};

/// A refusal has no longer body than this, in bytes.
const LONGEST_REFUSAL: usize = 64 * 1024;
/// A stream has no end of its own; a client may have set one for its other requests.
const NEVER: Duration = Duration::from_hours(365 * 24);

/// Bounds of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamOptions {
    /// Bytes of the longest line. A longer one is passed over and told as [`Reason::TooLong`].
    pub longest_line: usize,
    /// How long nothing may come, not even a heartbeat, until the stream counts as broken.
    pub idle: Duration,
}

impl Default for StreamOptions {
    /// 4 MiB, as a banner with a screenshot may have one; two minutes, some heartbeats long.
    fn default() -> Self {
        Self { longest_line: 4 * 1024 * 1024, idle: Duration::from_mins(2) }
    }
}

/// What comes down a stream.
#[derive(Clone, Debug)]
pub enum Item {
    /// A banner.
    Banner(Box<Banner>),
    /// Nothing, but the stream lives.
    Heartbeat,
    /// A banner that could not be read.
    Refused(Refused),
}

/// An open stream.
pub struct Stream {
    response: Response,
    lines: Lines,
    idle: Duration,
    key: Key,
}

impl Shodan {
    /// Opens a stream. It ends when Shodan or something in between ends it, which happens: [`Shodan::follow`] comes
    /// back.
    pub async fn stream(&self, feed: &Feed, options: StreamOptions) -> Result<Stream, Error> {
        self.pace.turn(&self.key).await?;
        let hidden = |error: Error| error.without(self.key.reveal());
        let request = feed.call(&self.endpoints.stream).request(&self.http, &self.key)?.timeout(NEVER);
        let opened = timeout(self.bounds.patience, request.send()).await;
        let mut response = opened
            .map_err(|_| Error::Unavailable("it timed out".into()))?
            .map_err(|error| hidden(Error::Unavailable(describe(error))))?;
        if response.status().is_success() {
            let lines = Lines::new(options.longest_line);
            return Ok(Stream { response, lines, idle: options.idle, key: self.key.clone() });
        }
        let mut body = Vec::new();
        while let Ok(Ok(Some(chunk))) = timeout(self.bounds.patience, response.chunk()).await {
            body.extend_from_slice(&chunk[..chunk.len().min(LONGEST_REFUSAL - body.len())]);
            if body.len() == LONGEST_REFUSAL {
                break;
            }
        }
        Err(hidden(refusal(response.status(), None, &body)))
    }
}

impl Stream {
    /// What comes next. `None`: the stream ended.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it broke off or was silent for too long; what Shodan says instead of a banner.
    pub async fn next(&mut self) -> Result<Option<Item>, Error> {
        loop {
            if let Some(line) = self.lines.pop() {
                return read(line).map(Some).map_err(|error| error.without(self.key.reveal()));
            }
            match timeout(self.idle, self.response.chunk()).await {
                Ok(Ok(Some(chunk))) => self.lines.push(&chunk),
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(error)) => {
                    return Err(Error::Unavailable(redacted(&describe(error), self.key.reveal())));
                }
                Err(_) => return Err(Error::Unavailable("it was silent for too long".into())),
            }
        }
    }
}

/// Without the response, whose address holds the key.
impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("idle", &self.idle).finish_non_exhaustive()
    }
}

fn read(line: Line) -> Result<Item, Error> {
    let Line::Whole(bytes) = line else {
        return Ok(Item::Refused(Refused { port: None, reason: Reason::TooLong }));
    };
    let text = repaired(&bytes);
    let text = text.trim();
    let text = text.strip_prefix("data:").unwrap_or(text).trim_start();
    // Heartbeats are blank; comments and names of events are a part of Server-Sent Events.
    if text.is_empty() || [":", "event:", "id:"].iter().any(|prefix| text.starts_with(prefix)) {
        return Ok(Item::Heartbeat);
    }
    let Ok(raw) = serde_json::from_str::<&RawValue>(text) else {
        return Ok(Item::Refused(Refused { port: None, reason: Reason::NotAnObject }));
    };
    let said = lenient::object(raw).filter(|members| members.get("port").is_none());
    if let Some(error) = said.as_ref().and_then(answer::said_error) {
        return Err(error);
    }
    Ok(match Banner::read(raw, &Context::default()) {
        Ok(banner) => Item::Banner(Box::new(banner)),
        Err(refused) => Item::Refused(refused),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(line: &str) -> Result<Item, Error> {
        read(Line::Whole(line.as_bytes().to_vec()))
    }

    #[test]
    fn lines_are_banners_heartbeats_or_words() {
        let banner = r#"{"ip_str":"192.0.2.1","port":80,"timestamp":"2026-03-14T08:00:00","data":"\ud8e1"}"#;
        for line in [banner.to_owned(), format!("data: {banner}")] {
            assert!(matches!(item(&line).unwrap(), Item::Banner(banner) if banner.data == "\u{fffd}"), "{line}");
        }
        for line in ["", "  ", ": keep alive", "event: banner"] {
            assert!(matches!(item(line).unwrap(), Item::Heartbeat), "{line}");
        }
        assert!(matches!(item(r#"{"ip_str":"#).unwrap(), Item::Refused(_)));
        assert_eq!(item(r#"{"error":"Invalid API key"}"#).unwrap_err(), Error::BadKey);
    }
}
