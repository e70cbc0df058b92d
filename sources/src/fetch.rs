//! One question without a key over HTTP.

use app::ports::{SourceError, Validators};
use http::StatusCode;
use http::header::{ETAG, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION};
use reqwest::Client;
use shodan_client::exchange::{self, Answer, Bounds};
use url::Url;

/// Asks once.
pub(crate) async fn get(http: &Client, url: Url) -> Result<Answer, SourceError> {
    exchange::send(http.get(url), Bounds::default(), "").await.map_err(SourceError::Unavailable)
}

/// Asks for another edition than ours, of at most so many bytes. `None`: there is none.
pub(crate) async fn newer(
    http: &Client,
    url: &Url,
    ours: &Validators,
    most: usize,
) -> Result<Option<(Vec<u8>, Validators)>, SourceError> {
    let mut answer = conditional(http, url.clone(), ours, most).await?;
    // `…-current` sends to the file of a day beside it. One step within the same host is no risk.
    if let Some(beside) = beside(url, &answer) {
        answer = conditional(http, beside, ours, most).await?;
    }
    if answer.status == StatusCode::NOT_MODIFIED {
        return Ok(None);
    }
    let said = |name: HeaderName| answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let theirs = Validators { etag: said(ETAG), last_modified: said(LAST_MODIFIED) };
    accepted(answer).map(|body| Some((body, theirs)))
}

async fn conditional(http: &Client, url: Url, ours: &Validators, most: usize) -> Result<Answer, SourceError> {
    let mut request = http.get(url);
    for (name, value) in [(IF_NONE_MATCH, &ours.etag), (IF_MODIFIED_SINCE, &ours.last_modified)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    let bounds = Bounds { body: most, ..Bounds::default() };
    exchange::send(request, bounds, "").await.map_err(SourceError::Unavailable)
}

/// Where a redirect leads, if that is on the same host.
fn beside(url: &Url, answer: &Answer) -> Option<Url> {
    let redirects = matches!(answer.status.as_u16(), 301 | 302 | 307 | 308);
    let to = redirects.then(|| url.join(answer.headers.get(LOCATION)?.to_str().ok()?).ok())??;
    (to.origin() == url.origin()).then_some(to)
}

/// The body of an answer that is one.
pub(crate) fn accepted(answer: Answer) -> Result<Vec<u8>, SourceError> {
    match answer.status {
        status if status.is_success() => Ok(answer.body),
        StatusCode::TOO_MANY_REQUESTS => {
            Err(SourceError::RateLimited { wait_seconds: answer.retry_after().unwrap_or(1).clamp(1, 3600) })
        }
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            Err(SourceError::Rejected(format!("status {}", answer.status.as_u16())))
        }
        status => Err(SourceError::Unavailable(format!("status {}", status.as_u16()))),
    }
}

/// The address with these segments behind its path.
pub(crate) fn below(base: &Url, segments: &[&str]) -> Result<Url, SourceError> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| SourceError::Unavailable("its address in the settings is no web address".into()))?
        .pop_if_empty()
        .extend(segments);
    Ok(url)
}

/// An answer that is cut off or in another language.
pub(crate) fn unreadable() -> SourceError {
    SourceError::Unavailable("its answer is cut off or not what it should be".into())
}
