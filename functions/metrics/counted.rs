//! Ports that count what goes through them.

use std::net::IpAddr;
use std::sync::Arc;

use app::ports::{
    Account, Attempt, Exposure, HostAnswer, Mail, MailError, Mailer, SearchPage, SourceError, SourceKey,
    WebhookRequest, Webhooks,
};
use async_trait::async_trait;
use ipnet::IpNet;
use jiff::Timestamp;

use super::Metrics;
use super::counters::Family;

/// A port behind which is counted.
pub struct Counted<T: ?Sized> {
    port: Arc<T>,
    metrics: Arc<Metrics>,
}

impl<T: ?Sized> Counted<T> {
    /// Stands in front of `port`.
    pub fn new(port: Arc<T>, metrics: Arc<Metrics>) -> Self {
        Self { port, metrics }
    }
}

impl Counted<dyn Exposure> {
    fn asked<A>(&self, call: &'static str, answer: Result<A, SourceError>) -> Result<A, SourceError> {
        let outcome = match &answer {
            Ok(_) => "answered",
            Err(SourceError::BadKey) => "bad_key",
            Err(SourceError::PlanTooLow(_)) => "plan_too_low",
            Err(SourceError::RateLimited { .. }) => "rate_limited",
            Err(SourceError::OutOfCredits) => "out_of_credits",
            Err(SourceError::Rejected(_)) => "rejected",
            Err(SourceError::Unavailable(_)) => "unavailable",
        };
        self.metrics.count(Family::Questions, call.into(), outcome.into(), 1);
        answer
    }
}

#[async_trait]
impl Exposure for Counted<dyn Exposure> {
    async fn host(&self, key: &SourceKey, ip: IpAddr) -> Result<HostAnswer, SourceError> {
        self.asked("host", self.port.host(key, ip).await)
    }

    async fn network(&self, key: &SourceKey, network: IpNet, page: u32) -> Result<SearchPage, SourceError> {
        self.asked("network", self.port.network(key, network, page).await)
    }

    async fn search(&self, key: &SourceKey, query: &str, page: u32) -> Result<SearchPage, SourceError> {
        self.asked("search", self.port.search(key, query, page).await)
    }

    async fn resolve(&self, key: &SourceKey, hostname: &str) -> Result<Vec<IpAddr>, SourceError> {
        self.asked("resolve", self.port.resolve(key, hostname).await)
    }

    async fn account(&self, key: &SourceKey) -> Result<Account, SourceError> {
        self.asked("account", self.port.account(key).await)
    }

    async fn next_turn(&self, key: &SourceKey) -> Option<Timestamp> {
        self.port.next_turn(key).await
    }
}

#[async_trait]
impl Webhooks for Counted<dyn Webhooks> {
    fn check(&self, url: &str) -> Result<(), String> {
        self.port.check(url)
    }

    fn check_header(&self, name: &str, value: &str) -> Result<(), String> {
        self.port.check_header(name, value)
    }

    fn public_key(&self, seed: &[u8; 32]) -> String {
        self.port.public_key(seed)
    }

    async fn send(&self, request: WebhookRequest) -> Attempt {
        let attempt = self.port.send(request).await;
        let outcome = attempt.error.map_or_else(|| "delivered".to_owned(), |error| snake(&format!("{error:?}")));
        self.metrics.count(Family::Webhooks, "".into(), outcome.into(), 1);
        attempt
    }
}

#[async_trait]
impl Mailer for Counted<dyn Mailer> {
    fn configured(&self) -> bool {
        self.port.configured()
    }

    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let sent = self.port.send(mail).await;
        let outcome = if sent.is_ok() { "accepted" } else { "refused" };
        self.metrics.count(Family::Mails, "".into(), outcome.into(), 1);
        sent
    }

    async fn check(&self) -> Result<(), MailError> {
        self.port.check().await
    }
}

/// `HttpStatus` as `http_status`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (at, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
