use std::net::IpAddr;

use async_trait::async_trait;
use ipnet::IpNet;
use jiff::Timestamp;

use crate::ports::{
    Account, Attempt, AttemptError, Challenge, Composed, Exposure, HostAnswer, Identity, Letter, Letters, Mail,
    MailError, Mailer, OpenId, OpenIdError, Returned, SearchPage, SourceError, SourceKey, WebhookRequest, Webhooks,
};

/// The outside for tests that are not about it: every source is down, no mail is set up, no webhook arrives.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

fn down<T>() -> Result<T, SourceError> {
    Err(SourceError::Unavailable("silent".into()))
}

#[async_trait]
impl Exposure for Silent {
    async fn host(&self, _: &SourceKey, _: IpAddr) -> Result<HostAnswer, SourceError> {
        down()
    }

    async fn network(&self, _: &SourceKey, _: IpNet, _: u32) -> Result<SearchPage, SourceError> {
        down()
    }

    async fn search(&self, _: &SourceKey, _: &str, _: u32) -> Result<SearchPage, SourceError> {
        down()
    }

    async fn resolve(&self, _: &SourceKey, _: &str) -> Result<Vec<IpAddr>, SourceError> {
        down()
    }

    async fn account(&self, _: &SourceKey) -> Result<Account, SourceError> {
        down()
    }

    async fn next_turn(&self, _: &SourceKey) -> Option<Timestamp> {
        None
    }
}

#[async_trait]
impl Webhooks for Silent {
    fn check(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn check_header(&self, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }

    async fn send(&self, _: WebhookRequest) -> Attempt {
        Attempt { status: None, duration_ms: 0, error: Some(AttemptError::Connect), excerpt: None, retry_after: None }
    }
}

#[async_trait]
impl Mailer for Silent {
    fn configured(&self) -> bool {
        false
    }

    async fn send(&self, _: Mail) -> Result<(), MailError> {
        Err(MailError { code: None, retry: false, message: "silent".into() })
    }

    async fn check(&self) -> Result<(), MailError> {
        Err(MailError { code: None, retry: false, message: "silent".into() })
    }
}

impl Letters for Silent {
    fn compose(&self, _: &Letter) -> Composed {
        Composed { subject: "subject".into(), text: "text".into(), html: "<p>html</p>".into() }
    }
}

#[async_trait]
impl OpenId for Silent {
    fn configured(&self) -> bool {
        false
    }

    async fn authorize(&self, _: &Challenge, _: &str) -> Result<String, OpenIdError> {
        Err(OpenIdError::NotSetUp)
    }

    async fn redeem(&self, _: Returned<'_>, _: &Challenge, _: &str) -> Result<Identity, OpenIdError> {
        Err(OpenIdError::NotSetUp)
    }
}
