use std::collections::BTreeSet;
use std::net::IpAddr;

use async_trait::async_trait;
use domain::cve::CveId;
use ipnet::IpNet;
use jiff::Timestamp;

use crate::ports::{
    Account, Attempt, AttemptError, Challenge, ChatRequest, ChatService, ChatTarget, Chats, Composed, Edition,
    EpssScore, Exposure, HostAnswer, Identity, Incident, Intelligence, KnownExploited, Letter, Letters, Mail,
    MailError, Mailer, OpenId, OpenIdError, Refreshed, Returned, SearchPage, SourceError, SourceKey, SsvcRecord,
    Validators, VulnerabilityFacts, WebhookRequest, Webhooks,
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

    fn announce(&self, _: &SourceKey, _: u32) {}

    async fn next_turn(&self, _: &SourceKey) -> Option<Timestamp> {
        None
    }
}

#[async_trait]
impl Intelligence for Silent {
    fn known_exploited_built_in(&self) -> Edition<KnownExploited> {
        Edition { entries: Vec::new(), unreadable: 0, date: None, validators: Validators::default() }
    }

    async fn known_exploited(&self, _: &Validators) -> Result<Refreshed<KnownExploited>, SourceError> {
        down()
    }

    async fn epss_of_the_day(&self, _: &Validators, _: &BTreeSet<CveId>) -> Result<Refreshed<EpssScore>, SourceError> {
        down()
    }

    async fn epss(&self, _: &[CveId]) -> Result<Vec<EpssScore>, SourceError> {
        down()
    }

    async fn vulnerability(&self, _: &CveId) -> Result<Option<VulnerabilityFacts>, SourceError> {
        down()
    }

    async fn ssvc(&self, _: &CveId) -> Result<Option<SsvcRecord>, SourceError> {
        down()
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

    fn public_key(&self, _: &[u8; 32]) -> String {
        "whpk_silent".into()
    }

    async fn send(&self, _: WebhookRequest) -> Attempt {
        nobody()
    }
}

fn nobody() -> Attempt {
    Attempt {
        status: None,
        duration_ms: 0,
        error: Some(AttemptError::Connect),
        excerpt: None,
        retry_after: None,
        directive: None,
    }
}

#[async_trait]
impl Chats for Silent {
    fn check(&self, _: ChatService, _: &ChatTarget) -> Result<(), String> {
        Ok(())
    }

    fn compose(&self, _: ChatService, _: &Letter, _: Option<&Incident>) -> Option<String> {
        Some("{}".into())
    }

    async fn send(&self, _: ChatRequest) -> Attempt {
        nobody()
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
        Composed { subject: "subject".into(), text: "text".into(), html: "<p>html</p>".into(), headers: Vec::new() }
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
