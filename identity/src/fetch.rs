use std::time::Duration;

use app::ports::OpenIdError;
use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;

/// What a provider says is small: 40 keys with certificate chains have 200 KiB.
const LARGEST: usize = 512 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks, and reads a JSON answer with its status. The answer is read as it comes, and no further than it may be long.
pub(crate) async fn json<T: DeserializeOwned>(request: RequestBuilder, what: &str) -> Result<(u16, T), OpenIdError> {
    let failed = |why: &str| OpenIdError::Unavailable(format!("{what}: {why}"));
    let sent = request.timeout(PATIENCE).header("accept", "application/json").send().await;
    let mut answer = sent.map_err(|error| failed(if error.is_timeout() { "it timed out" } else { "no connection" }))?;
    let status = answer.status().as_u16();
    let body = body(&mut answer).await.ok_or_else(|| failed("the answer broke off or is too long"))?;
    let read =
        serde_json::from_slice(&body).map_err(|_| failed(&format!("the answer ({status}) is not understood")))?;
    Ok((status, read))
}

async fn body(answer: &mut Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.ok()? {
        if body.len() + piece.len() > LARGEST {
            return None;
        }
        body.extend_from_slice(&piece);
    }
    Some(body)
}
