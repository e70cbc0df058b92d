//! Ports that count what goes through them.

use std::borrow::Cow;
use std::sync::Arc;

use app::ports::{Attempt, Mail, MailError, Mailer, WebhookRequest, Webhooks};
use async_trait::async_trait;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::Metrics;
use super::counters::Family;
use crate::trace::CALLS;

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

    /// What was asked, how it ended, and a span around it.
    pub(super) async fn told<A>(
        &self,
        (family, what): (Family, &'static str),
        call: impl Future<Output = A>,
        outcome: impl FnOnce(&A) -> Cow<'static, str>,
    ) -> A {
        let span = tracing::info_span!(target: CALLS, "call", what, outcome = Empty);
        let answer = call.instrument(span.clone()).await;
        let outcome = outcome(&answer);
        span.record("outcome", &*outcome);
        let what = if family == Family::Questions { what } else { "" };
        self.metrics.count(family, what.into(), outcome, 1);
        answer
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
        let outcome =
            |attempt: &Attempt| attempt.error.map_or("delivered".into(), |error| snake(&format!("{error:?}")).into());
        self.told((Family::Webhooks, "webhook"), self.port.send(request), outcome).await
    }
}

#[async_trait]
impl Mailer for Counted<dyn Mailer> {
    fn configured(&self) -> bool {
        self.port.configured()
    }

    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let outcome = |sent: &Result<(), MailError>| if sent.is_ok() { "accepted".into() } else { "refused".into() };
        self.told((Family::Mails, "mail"), self.port.send(mail), outcome).await
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
