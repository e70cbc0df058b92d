//! InternetDB: what Shodan tells about one address without a key. Free for non-commercial use, renewed weekly.
//!
//! Here belong its one question and the reading of its answer. It knows no networks, no searches, no accounts,
//! and no dates: what it shows has `observed_at` of `None` and no banners.

mod read;

use std::net::IpAddr;

use app::ports::{HostAnswer, SourceError};
use http::StatusCode;
use reqwest::Client;
use url::Url;

use crate::fetch;
use shodan_client::lenient::{Object, repaired};

/// InternetDB's API. Cheap to clone.
#[derive(Clone, Debug)]
pub struct InternetDb {
    http: Client,
    base: Url,
}

impl InternetDb {
    /// A client that asks through `http` at `base`, normally `https://internetdb.shodan.io`.
    pub fn new(http: Client, base: Url) -> Self {
        Self { http, base }
    }

    /// `GET /{ip}`: ports, CPEs, tags, names and CVEs of one address.
    pub async fn host(&self, ip: IpAddr) -> Result<HostAnswer, SourceError> {
        let url = fetch::below(&self.base, &[&ip.to_string()])?;
        let answer = fetch::get(&self.http, url).await?;
        let text = repaired(&answer.body);
        match answer.status {
            StatusCode::OK => read::host(&text, ip).map(|host| HostAnswer::Known(Box::new(host))),
            StatusCode::NOT_FOUND if says_nothing_known(&text) => Ok(HostAnswer::Unknown),
            StatusCode::TOO_MANY_REQUESTS => {
                Err(SourceError::RateLimited { wait_seconds: answer.retry_after().unwrap_or(1).clamp(1, 3600) })
            }
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                Err(SourceError::Rejected("the address".into()))
            }
            status => Err(SourceError::Unavailable(format!("status {}", status.as_u16()))),
        }
    }
}

/// A 404 without these words comes from something in between.
fn says_nothing_known(text: &str) -> bool {
    let words = serde_json::from_str::<Object<'_>>(text)
        .ok()
        .and_then(|object| object.get("detail").map(|d| d.get().to_owned()));
    words.is_some_and(|words| words.to_ascii_lowercase().contains("no information available"))
}
