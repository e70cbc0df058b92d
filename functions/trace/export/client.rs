use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use opentelemetry_http::{Bytes, HttpClient, HttpError};
use reqwest::Client;
use thiserror::Error;
use tokio::runtime::{Builder, Runtime};

use crate::outside::{AuthorityError, Outbound};

const PATIENCE: Duration = Duration::from_secs(10);

/// Why nothing can be posted.
#[derive(Debug, Error)]
pub(super) enum PostError {
    #[error(transparent)]
    Authorities(#[from] AuthorityError),
    #[error("the HTTP client cannot be built")]
    Client(#[from] reqwest::Error),
    #[error("no runtime: {0}")]
    Runtime(#[from] std::io::Error),
}

/// The one HTTP stack, for a thread that has no runtime: the exporter's own.
pub(super) struct Posted {
    http: Client,
    runtime: Runtime,
    refused: AtomicBool,
}

impl Posted {
    pub(super) fn new(authorities: Option<&[u8]>, headers: &[(HeaderName, HeaderValue)]) -> Result<Self, PostError> {
        let headers: HeaderMap = headers.iter().cloned().collect();
        let http = Outbound::new(authorities)?.builder().timeout(PATIENCE).default_headers(headers).build()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { http, runtime, refused: AtomicBool::new(false) })
    }

    async fn post(&self, request: Request<Bytes>) -> Result<Response<Bytes>, reqwest::Error> {
        let (head, body) = request.into_parts();
        let sent = self.http.post(head.uri.to_string()).headers(head.headers).body(body).send().await?;
        let mut answer = Response::new(Bytes::new());
        *answer.status_mut() = sent.status();
        *answer.headers_mut() = sent.headers().clone();
        *answer.body_mut() = sent.bytes().await?;
        Ok(answer)
    }

    /// Once when it begins to fail and once when it is well again: the exporter itself says nothing.
    fn tell(&self, outcome: &Result<Response<Bytes>, reqwest::Error>) {
        let why = match outcome {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status().as_u16())),
            Err(error) if error.is_timeout() => Some("it does not answer in time".to_owned()),
            Err(error) if error.is_connect() => Some("it cannot be reached".to_owned()),
            Err(_) => Some("the connection broke".to_owned()),
        };
        match (self.refused.swap(why.is_some(), Ordering::Relaxed), why) {
            (false, Some(why)) => tracing::warn!(why, "the collector of traces takes none"),
            (true, None) => tracing::info!("the collector takes traces again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Posted {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let outcome = self.runtime.block_on(self.post(request));
        self.tell(&outcome);
        outcome.map_err(|error| error.without_url().into())
    }
}

/// Without headers, in which keys are.
impl fmt::Debug for Posted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Posted").finish_non_exhaustive()
    }
}
