//! The one way to Azure Storage: our HTTP client under the Azure crates, mending what they and the service disagree
//! about. Signatures and tokens are added here, below the crates, whose debug log shows what passes through them.

use std::sync::Arc;
use std::time::Duration;

use azure_core::error::{Error, ErrorKind};
use azure_core::headers::{HeaderName, Headers};
use azure_core::{Body, BytesStream, HttpClient, Request, Response, StatusCode};
use bytes::Bytes;
use url::Url;

use super::batch;
use super::count::{Counters, Kind};
use super::failure::NoAnswer;
use super::settings::TokenSource;

/// From sending a request to the last byte of its answer.
const TIMEOUT: Duration = Duration::from_secs(30);

const FULL: &str = "application/json;odata=fullmetadata";
const MINIMAL: &str = "application/json;odata=minimalmetadata";

/// What a request needs beside the crates' own signature with a key.
pub(super) enum Access {
    /// Nothing more.
    Signed,
    /// These pairs in the query.
    Sas(Vec<(String, String)>),
    /// A bearer token.
    Token(Arc<dyn TokenSource>),
}

/// An [`HttpClient`] for the Azure crates.
pub(super) struct Transport {
    pub(super) http: reqwest::Client,
    pub(super) access: Access,
    pub(super) counters: Arc<Counters>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transport")
    }
}

#[async_trait::async_trait]
impl HttpClient for Transport {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<Response> {
        let kind = Kind::of(*request.method(), request.url());
        let prepared = self.prepare(request, kind).await?;
        self.counters.sent(kind, request.body().len());
        let answer = self.http.execute(prepared).await.map_err(failed)?;
        let status = answer.status().as_u16();
        let headers = headers(&answer);
        let body = answer.bytes().await.map_err(failed)?;
        self.counters.received(body.len());
        mend(kind, status, headers, body)
    }
}

impl Transport {
    async fn prepare(&self, request: &Request, kind: Kind) -> azure_core::Result<reqwest::Request> {
        let mut url = request.url().clone();
        if let Access::Sas(pairs) = &self.access {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        let Body::Bytes(body) = request.body() else {
            return Err(not_sent("the request's body is a stream"));
        };
        let body = if kind == Kind::Batch { batch::mend_request(body) } else { body.clone() };
        let method = reqwest::Method::from_bytes(request.method().as_ref().as_bytes())
            .map_err(|_| not_sent("the request's method is none"))?;
        let mut prepared = self.http.request(method, url).timeout(TIMEOUT);
        for (name, value) in request.headers().iter() {
            let value = match (name.as_str(), value.as_str()) {
                ("content-length", _) => continue,
                // Full metadata doubles a row's size; only creating a table needs it. `Accept` is not signed.
                ("accept", FULL) if matches!(kind, Kind::Read | Kind::Query) => MINIMAL,
                (_, value) => value,
            };
            prepared = prepared.header(name.as_str(), value);
        }
        if let Access::Token(source) = &self.access {
            let token = source.token().await.map_err(|error| not_sent(error.to_string()))?;
            prepared = prepared.bearer_auth(token);
        }
        prepared.header("content-length", body.len()).body(body).build().map_err(|error| not_sent(describe(error)))
    }
}

/// Supplies the `Server` header that the crates insist on, and puts errors where they look for them.
fn mend(kind: Kind, status: u16, mut headers: Headers, mut body: Bytes) -> azure_core::Result<Response> {
    let server = HeaderName::from_static("server");
    if headers.get_optional_str(&server).is_none() {
        headers.insert(server, "unknown");
    }
    let mut status = status;
    let mut error = None;
    if !(200..300).contains(&status) {
        error = batch::odata_error(&body);
    } else if kind == Kind::Batch
        && let Some(failed) = batch::failed_change(&body)
    {
        (status, error) = failed;
    }
    if let Some(error) = error {
        headers.insert("x-ms-error-code", error.code.clone());
        headers.insert("content-type", "application/json");
        body = error.into_body();
    }
    let status = StatusCode::try_from(status).map_err(|_| lost(format!("the answer's status {status} is unknown")))?;
    Ok(Response::new(status, headers, Box::pin(BytesStream::new(body))))
}

fn headers(answer: &reqwest::Response) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in answer.headers() {
        if let Ok(value) = value.to_str() {
            headers.insert(name.as_str().to_owned(), value.to_owned());
        }
    }
    headers
}

fn failed(error: reqwest::Error) -> Error {
    if error.is_connect() || error.is_builder() { not_sent(describe(error)) } else { lost(describe(error)) }
}

/// The error with its causes, without the URL: its query may hold a signature.
fn describe(error: reqwest::Error) -> String {
    let host = error.url().and_then(Url::host_str).unwrap_or("Azure Storage").to_owned();
    let error = error.without_url();
    let mut text = format!("{host}: {error}");
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn not_sent(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Io, NoAnswer::NotSent(why.into()))
}

fn lost(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Io, NoAnswer::Lost(why.into()))
}
