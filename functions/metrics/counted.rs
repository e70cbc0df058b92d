//! Ports that count what goes through them.

use std::sync::Arc;

use app::ports::{Attempt, Mail, MailError, Mailer, WebhookRequest, Webhooks};
use async_trait::async_trait;

use super::Metrics;
use super::counters::Family;

/// A port behind which is counted.
pub struct Counted<T: ?Sized> {
    pub(super) port: Arc<T>,
    pub(super) metrics: Arc<Metrics>,
}

impl<T: ?Sized> Counted<T> {
    /// Stands in front of `port`.
    pub fn new(port: Arc<T>, metrics: Arc<Metrics>) -> Self {
        Self { port, metrics }
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
