//! `/export/{findings|assets|services|events|audit|triage-policies}.{csv|ndjson}`: everything of one kind, as a stream.
//!
//! `filter` is the filter of the field with that name, as JSON; `at` an earlier instant. The header `Iotmonitor-Cursor` is
//! where the log of events stood when the export began, or at that instant: `events(after:)` from there misses nothing. A failure on the way cuts the stream off, so
//! that half an export never looks like a whole one.

mod format;

use std::sync::Arc;

use app::Error;
use app::export::{Wanted, begin};
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde::Deserialize;

use crate::http::{Program, asking, nothing_here, problem};
use format::Format;

/// The cursor of the event log when the export began.
const CURSOR: HeaderName = HeaderName::from_static("iotmonitor-cursor");

/// What is asked for beside the kind.
#[derive(Deserialize)]
pub struct Parameters {
    filter: Option<String>,
    at: Option<String>,
}

/// One export.
pub async fn handle(
    State(program): State<Arc<Program>>,
    Path(file): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let Some((kind, format)) = file.rsplit_once('.').and_then(|(kind, end)| Some((kind, Format::of(end)?))) else {
        return nothing_here().await;
    };
    let Ok(at) = parameters.at.as_deref().map(str::parse::<Timestamp>).transpose() else {
        return problem(StatusCode::BAD_REQUEST, "at: not an RFC 3339 instant such as 2026-11-22T09:30:00Z");
    };
    let filter = parameters.filter.as_deref().unwrap_or("{}");
    let wanted = match wanted(kind, filter) {
        Some(Ok(wanted)) => wanted,
        Some(Err(why)) => return problem(StatusCode::BAD_REQUEST, &why),
        None => return nothing_here().await,
    };
    match export(&program, &headers, (wanted, at), format, &file).await {
        Ok(response) => response,
        Err(Error::Unauthenticated) => problem(StatusCode::UNAUTHORIZED, "sign in, or send a token"),
        Err(error @ Error::Forbidden(_)) => problem(StatusCode::FORBIDDEN, &error.to_string()),
        Err(error @ Error::User(_)) => problem(StatusCode::BAD_REQUEST, &error.to_string()),
        Err(error) => {
            tracing::error!(%error, "an export could not begin");
            problem(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer; try again")
        }
    }
}

/// What is wanted, with its filter. `None`: there is no such kind.
fn wanted(kind: &str, filter: &str) -> Option<Result<Wanted, String>> {
    Some(match kind {
        "findings" => schema::filters::findings(filter).map(|f| Wanted::Findings(Box::new(f))),
        "assets" => schema::filters::assets(filter).map(|f| Wanted::Assets(Box::new(f))),
        "services" => schema::filters::services(filter).map(|f| Wanted::Services(Box::new(f))),
        "events" => schema::filters::events(filter).map(|f| Wanted::Events(Box::new(f))),
        "audit" => schema::filters::audit(filter).map(|f| Wanted::Audit(Box::new(f))),
        "triage-policies" => schema::filters::none(filter).map(|()| Wanted::TriagePolicies),
        _ => return None,
    })
}

async fn export(
    program: &Program,
    headers: &HeaderMap,
    (wanted, at): (Wanted, Option<Timestamp>),
    format: Format,
    file: &str,
) -> Result<Response, Error> {
    program.ready().await?;
    let caller = asking(&program.app, headers, program.server.https()).await?.ok_or(Error::Unauthenticated)?;
    let export = begin(Arc::clone(&program.app), caller, wanted, at).await?;
    let (cursor, columns) = (export.cursor.clone(), export.columns);
    let head = futures_util::stream::iter(format.head(columns).map(Bytes::from).map(Ok));
    let pages = export.pages().map_ok(move |records| {
        let text: String = records.iter().map(|record| format.line(columns, record)).collect();
        Bytes::from(text)
    });
    let body = head.chain(pages.inspect_err(|error| tracing::error!(%error, "an export broke off")));
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    // The file is one of a few names, and the cursor is letters and digits.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{file}\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    if let Ok(value) = HeaderValue::from_str(&cursor) {
        headers.insert(CURSOR, value);
    }
    Ok(response)
}
