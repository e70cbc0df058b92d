use std::sync::Arc;
use std::time::Duration;

use app::ports::{Attempt, AttemptError, WebhookRequest, Webhooks};
use async_trait::async_trait;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, ClientBuilder, redirect, retry};
use tokio::time::Instant;
use url::{Host, Url};

use super::address::EgressPolicy;
use super::answer::Answer;
use super::failure::Failure;
use super::headers::{check_header, to_header};
use super::resolve::{ClientDns, GuardedDns, Lookup, Reach, SystemDns};
use super::sign::{SignError, signatures};
use crate::excerpt::{MAX_EXCERPT, excerpt, one_line};

const USER_AGENT: &str = concat!("iotmonitor/", env!("CARGO_PKG_VERSION"));
const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// How long an attempt may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until the name has addresses.
    pub dns: Duration,
    /// Until the connection stands, the name's addresses included.
    pub connect: Duration,
    /// Until the last byte of the answer that is read.
    pub total: Duration,
}

impl Default for Limits {
    /// 3 s, 5 s and 15 s.
    fn default() -> Self {
        Self { dns: Duration::from_secs(3), connect: Duration::from_secs(5), total: Duration::from_secs(15) }
    }
}

/// Makes attempts, all through one client and its guard.
pub struct Sender {
    client: Client,
    dns: Arc<GuardedDns>,
    policy: Arc<EgressPolicy>,
}

impl Sender {
    /// A sender that asks the system's DNS. `builder` brings TLS; what the guard depends on is set here.
    /// Fails where the client cannot be built: no TLS.
    pub fn new(builder: ClientBuilder, policy: EgressPolicy) -> Result<Self, reqwest::Error> {
        Self::with(builder, policy, Arc::new(SystemDns::default()), Limits::default())
    }

    /// A sender that asks `lookup` and takes at most so long.
    pub fn with(
        builder: ClientBuilder,
        policy: EgressPolicy,
        lookup: Arc<dyn Lookup>,
        limits: Limits,
    ) -> Result<Self, reqwest::Error> {
        let policy = Arc::new(policy);
        let dns = Arc::new(GuardedDns::new(lookup, Arc::clone(&policy), limits.dns));
        let client = builder
            .dns_resolver(Arc::new(ClientDns(Arc::clone(&dns))))
            // A proxy of the environment would resolve and connect behind the guard's back.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            // Nothing is inflated, whatever another crate's features have switched on.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .user_agent(USER_AGENT)
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .build()?;
        Ok(Self { client, dns, policy })
    }

    async fn attempt(&self, request: &WebhookRequest) -> Result<Answer, Failure> {
        let mut url = self.policy.check_url(&request.url)?;
        let mut headers = headers(request)?;
        if let Some(host) = self.pin_plain_name(&mut url).await? {
            headers.insert(HOST, host);
        }
        let response = self.client.post(url).headers(headers).body(request.body.clone()).send().await?;
        Ok(Answer::read(response, request.timestamp).await?)
    }

    /// Plain `http` may go only where the operator allowed it, which the client's resolver cannot know: it is not told
    /// the scheme. So the name is resolved here and its address put in its place; without TLS only `Host` needs the name.
    async fn pin_plain_name(&self, url: &mut Url) -> Result<Option<HeaderValue>, Failure> {
        let name = match url.host() {
            Some(Host::Domain(name)) if url.scheme() == "http" => name.to_owned(),
            _ => return Ok(None),
        };
        let unusable = || Failure { error: AttemptError::Dns, reason: format!("{name} has no usable address") };
        let addresses = self.dns.addresses(&name, Reach::AllowedOnly).await.map_err(|e| Failure::from(&e))?;
        let host = url.port().map_or_else(|| name.clone(), |port| format!("{name}:{port}"));
        url.set_ip_host(*addresses.first().ok_or_else(unusable)?).map_err(|()| unusable())?;
        Ok(Some(HeaderValue::from_str(&host).map_err(|_| unusable())?))
    }
}

/// The channel's own headers, then ours over them.
fn headers(request: &WebhookRequest) -> Result<HeaderMap, Failure> {
    let signature = signatures(&request.secrets, &request.id, request.timestamp, request.body.as_bytes())?;
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let (name, value) = to_header(name, value)?;
        headers.append(name, value);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(ID, HeaderValue::from_str(&request.id).map_err(|_| SignError::Id)?);
    headers.insert(TIMESTAMP, HeaderValue::from(request.timestamp));
    headers.insert(SIGNATURE, HeaderValue::from_str(&signature).map_err(|_| SignError::Id)?);
    Ok(headers)
}

#[async_trait]
impl Webhooks for Sender {
    fn check(&self, url: &str) -> Result<(), String> {
        self.policy.check_url(url).map(drop).map_err(|blocked| blocked.to_string())
    }

    fn check_header(&self, name: &str, value: &str) -> Result<(), String> {
        check_header(name, value).map_err(|refused| refused.to_string())
    }

    async fn send(&self, request: WebhookRequest) -> Attempt {
        let start = Instant::now();
        let outcome = self.attempt(&request).await;
        let duration_ms = u32::try_from(start.elapsed().as_millis()).unwrap_or(u32::MAX);
        match outcome {
            Ok(answer) => Attempt {
                status: Some(answer.status.as_u16()),
                duration_ms,
                error: answer.error(),
                excerpt: excerpt(&answer.body).map(|text| without_secrets(text, &request)),
                retry_after: answer.retry_after,
            },
            Err(failure) => Attempt {
                status: None,
                duration_ms,
                error: Some(failure.error),
                excerpt: Some(one_line(&failure.reason, MAX_EXCERPT)),
                retry_after: None,
            },
        }
    }
}

/// A receiver that echoes the request must not carry the channel's credentials into the log of deliveries.
fn without_secrets(text: String, request: &WebhookRequest) -> String {
    let credentials =
        request.headers.iter().flat_map(|(_, value)| value.split_ascii_whitespace()).filter(|word| word.len() >= 8);
    credentials.fold(text, |text, word| if text.contains(word) { text.replace(word, "[…]") } else { text })
}
