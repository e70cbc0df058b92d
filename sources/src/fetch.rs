//! One question without a key over HTTP.

use app::ports::SourceError;
use reqwest::Client;
use shodan_client::exchange::{self, Answer, Bounds};
use url::Url;

/// Asks once.
pub(crate) async fn get(http: &Client, url: Url) -> Result<Answer, SourceError> {
    exchange::send(http.get(url), Bounds::default(), "").await.map_err(SourceError::Unavailable)
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
