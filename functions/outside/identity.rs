use std::sync::Arc;
use std::time::Duration;

use app::ports::{Clock, StoreError};
use async_trait::async_trait;
use reqwest::Client;
use serde_json::Value;
use storage::TokenSource;
use tokio::sync::Mutex;
use url::Url;

use crate::config::Identity;

const RESOURCE: &str = "https://storage.azure.com";
/// The metadata service of a virtual machine, at an address that is the same on all of them.
const MACHINE: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
/// A token is not used in its last minutes.
const MARGIN_SECONDS: i64 = 300;
const PATIENCE: Duration = Duration::from_secs(10);

/// Tokens of the identity that Azure gives to this machine or Functions app, each used until shortly before its end.
pub struct ManagedIdentity {
    http: Client,
    clock: Arc<dyn Clock>,
    identity: Identity,
    /// The token and when it ends, in seconds since 1970.
    kept: Mutex<Option<(String, i64)>>,
}

impl ManagedIdentity {
    /// Asks nothing yet.
    pub fn new(http: Client, clock: Arc<dyn Clock>, identity: Identity) -> Self {
        Self { http, clock, identity, kept: Mutex::new(None) }
    }

    async fn ask(&self) -> Result<(String, i64), StoreError> {
        let denied = |what: &str| StoreError::Denied(format!("the managed identity gave no token: {what}"));
        let mut request = if let Some((url, secret)) = &self.identity.endpoint {
            self.http.get(with(url, "2019-08-01", self.client_id())).header("x-identity-header", secret)
        } else {
            let machine = Url::parse(MACHINE).map_err(|_| denied("no address"))?;
            self.http.get(with(&machine, "2018-02-01", self.client_id())).header("metadata", "true")
        };
        request = request.timeout(PATIENCE);
        let unreachable = |error: reqwest::Error| {
            let why = if error.is_timeout() { "it timed out" } else { "it could not be reached" };
            StoreError::Unavailable(format!("the managed identity gave no token: {why}"))
        };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        if !status.is_success() {
            let what = format!("it answered {}; is an identity assigned, and is its client id right?", status.as_u16());
            return Err(if status.is_server_error() { StoreError::Unavailable(what) } else { denied(&what) });
        }
        let body = answer.bytes().await.map_err(unreachable)?;
        read(&body).ok_or_else(|| denied("its answer cannot be understood"))
    }

    fn client_id(&self) -> Option<&str> {
        self.identity.client_id.as_deref()
    }
}

#[async_trait]
impl TokenSource for ManagedIdentity {
    async fn token(&self) -> Result<String, StoreError> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now().as_second();
        if let Some((token, until)) = &*kept
            && now + MARGIN_SECONDS < *until
        {
            return Ok(token.clone());
        }
        let (token, until) = self.ask().await?;
        *kept = Some((token.clone(), until));
        Ok(token)
    }
}

fn with(url: &Url, version: &str, client_id: Option<&str>) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair("api-version", version).append_pair("resource", RESOURCE);
    if let Some(id) = client_id {
        url.query_pairs_mut().append_pair("client_id", id);
    }
    url
}

/// `expires_on` is a number or a text of one, depending on who answers.
fn read(body: &[u8]) -> Option<(String, i64)> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let until = &answer["expires_on"];
    let until = until.as_i64().or_else(|| until.as_str()?.parse().ok())?;
    Some((answer["access_token"].as_str()?.to_owned(), until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_the_end_are_understood() {
        let token = Some(("t".to_owned(), 1_700_000_000));
        assert_eq!(read(br#"{"access_token":"t","expires_on":"1700000000"}"#), token);
        assert_eq!(read(br#"{"access_token":"t","expires_on":1700000000}"#), token);
        assert_eq!(read(br#"{"access_token":"t"}"#), None);
        assert_eq!(read(b"<html>"), None);
    }

    #[test]
    fn the_question_names_resource_and_identity() {
        let url = with(&Url::parse("http://127.0.0.1:41/msi/token").unwrap(), "2019-08-01", Some("id-1"));
        let query = "api-version=2019-08-01&resource=https%3A%2F%2Fstorage.azure.com&client_id=id-1";
        assert_eq!(url.query(), Some(query));
    }
}
