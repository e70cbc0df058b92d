use std::sync::Arc;
use std::time::Duration;

use app::ports::{Attempt, AttemptError, Directive};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, redirect, retry};
use tokio::time::Instant;
use url::{Host, Url};

use super::address::EgressPolicy;
use super::answer::Answer;
use super::endpoint::Blocked;
use super::failure::Failure;
use super::resolve::{ClientDns, GuardedDns, Lookup, Reach, SystemDns};
use crate::excerpt::{MAX_EXCERPT, excerpt, one_line};

const USER_AGENT: &str = concat!("iotmonitor/", env!("CARGO_PKG_VERSION"));

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

/// Lets requests out, all through one client and its guard.
pub struct Gate {
    client: Client,
    dns: Arc<GuardedDns>,
    policy: Arc<EgressPolicy>,
}

impl Gate {
    /// A gate that asks the system's DNS. `builder` brings TLS; what the guard depends on is set here.
    /// Fails where the client cannot be built: no TLS.
    pub fn new(builder: ClientBuilder, policy: EgressPolicy) -> Result<Self, reqwest::Error> {
        Self::with(builder, policy, Arc::new(SystemDns::default()), Limits::default())
    }

    /// A gate that asks `lookup` and takes at most so long.
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

    /// May such an address be stored for a channel? The result, never the text, is what is connected to.
    pub fn check(&self, url: &str) -> Result<Url, Blocked> {
        self.policy.check_url(url)
    }

    /// Makes one request with a JSON body. `now`, in seconds since 1970, is what a date in the answer is counted from.
    pub(crate) async fn post(
        &self,
        url: &str,
        mut headers: HeaderMap,
        body: String,
        now: i64,
    ) -> Result<Answer, Failure> {
        let mut url = self.policy.check_url(url)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(host) = self.pin_plain_name(&mut url).await? {
            headers.insert(HOST, host);
        }
        let response = self.client.post(url).headers(headers).body(body).send().await?;
        Ok(Answer::read(response, now).await?)
    }

    /// Plain `http` may go only where the operator allowed it, which the client's resolver cannot know: it is not told
    /// the scheme. So the name is resolved here and its address put in its place; without TLS only `Host` needs the name.
    async fn pin_plain_name(&self, url: &mut Url) -> Result<Option<HeaderValue>, Failure> {
        let name = match url.host() {
            Some(Host::Domain(name)) if url.scheme() == "http" => name.to_owned(),
            _ => return Ok(None),
        };
        let unusable = || Failure::new(AttemptError::Dns, format!("{name} has no usable address"));
        let addresses = self.dns.addresses(&name, Reach::AllowedOnly).await.map_err(|e| Failure::from(&e))?;
        let host = url.port().map_or_else(|| name.clone(), |port| format!("{name}:{port}"));
        url.set_ip_host(*addresses.first().ok_or_else(unusable)?).map_err(|()| unusable())?;
        Ok(Some(HeaderValue::from_str(&host).map_err(|_| unusable())?))
    }
}

/// Times an attempt and puts it into the words of the log of deliveries. `read` says what an answer means: what went
/// wrong, and what the receiver asks for. `credentials` are cut out of what a receiver says, lest it echo them there.
pub(crate) async fn attempt(
    outcome: impl Future<Output = Result<Answer, Failure>>,
    read: impl FnOnce(&Answer) -> (Option<AttemptError>, Option<Directive>),
    credentials: &[String],
) -> Attempt {
    let start = Instant::now();
    let outcome = outcome.await;
    let duration_ms = u32::try_from(start.elapsed().as_millis()).unwrap_or(u32::MAX);
    match outcome {
        Ok(answer) => {
            let (error, directive) = read(&answer);
            Attempt {
                status: Some(answer.status.as_u16()),
                duration_ms,
                error,
                excerpt: excerpt(&answer.body).map(|text| without(text, credentials)),
                retry_after: answer.retry_after,
                directive,
            }
        }
        Err(failure) => Attempt {
            status: None,
            duration_ms,
            error: Some(failure.error),
            excerpt: Some(one_line(&failure.reason, MAX_EXCERPT)),
            retry_after: None,
            directive: None,
        },
    }
}

/// Shorter words are no secrets, and would be found in any text.
const SHORTEST_CREDENTIAL: usize = 8;
/// `services`, `triggers` and `2016-06-01` are none; Slack's, Discord's and Azure's are longer.
const SHORTEST_PART: usize = 16;

fn without(text: String, credentials: &[String]) -> String {
    let credentials = credentials.iter().filter(|word| word.len() >= SHORTEST_CREDENTIAL);
    credentials.fold(text, |text, word| if text.contains(word) { text.replace(word, "[…]") } else { text })
}

/// The parts of a URL behind its host are often secrets; those that are long enough to be one.
pub(crate) fn secrets_of(url: &str) -> Vec<String> {
    let Ok(url) = Url::parse(url) else { return Vec::new() };
    let spelled = url.query().into_iter().flat_map(|query| query.split('&')).filter_map(|pair| pair.split_once('='));
    let read = url.query_pairs().map(|(_, value)| value.into_owned());
    let path = url.path_segments().into_iter().flatten().map(str::to_owned);
    path.chain(read)
        .chain(spelled.map(|(_, value)| value.to_owned()))
        .filter(|part| part.len() >= SHORTEST_PART)
        .collect()
}
