use std::sync::Arc;

use app::ports::{Attempt, ChatRequest, ChatService, ChatTarget, Chats, Incident, Letter};
use async_trait::async_trait;
use reqwest::header::HeaderMap;

use super::reading::{Verdict, wait_at_least};
use super::{discord, pagerduty, slack, teams};
use crate::egress::{Answer, Failure, Gate, attempt, secrets_of};
use crate::letters::page;

/// Where PagerDuty takes events, unless the channel says otherwise.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// Tells people where they talk, through the gate.
pub struct Messenger {
    gate: Arc<Gate>,
}

impl Messenger {
    /// A messenger whose requests leave through this gate.
    pub fn new(gate: Arc<Gate>) -> Self {
        Self { gate }
    }

    async fn post(&self, request: &ChatRequest, wait: &mut Option<u32>) -> Result<Answer, Failure> {
        let (url, body) = match &request.target {
            ChatTarget::Room(url) => (url.as_str(), Some(request.body.clone())),
            ChatTarget::Pager { routing_key, url } => {
                (url.as_deref().unwrap_or(PAGERDUTY), pagerduty::addressed(&request.body, routing_key))
            }
        };
        let body = body.ok_or_else(|| Failure::not_sent("the event is no JSON object"))?;
        let answer = self.gate.post(url, HeaderMap::new(), body, request.timestamp).await?;
        *wait = discord::wait(&answer).filter(|_| request.service == ChatService::Discord);
        Ok(answer)
    }
}

#[async_trait]
impl Chats for Messenger {
    fn check(&self, service: ChatService, target: &ChatTarget) -> Result<(), String> {
        let url = match (service, target) {
            (ChatService::PagerDuty, ChatTarget::Pager { routing_key, url }) => {
                if routing_key.len() != 32 || !routing_key.bytes().all(|b| b.is_ascii_alphanumeric()) {
                    return Err("a PagerDuty integration key has 32 letters and digits".into());
                }
                url.as_deref().unwrap_or(PAGERDUTY)
            }
            (ChatService::PagerDuty, ChatTarget::Room(_)) => return Err("PagerDuty needs an integration key".into()),
            (_, ChatTarget::Room(url)) => url,
            (_, ChatTarget::Pager { .. }) => return Err("this product needs the address of its webhook".into()),
        };
        let url = self.gate.check(url).map_err(|blocked| blocked.to_string())?;
        let retired =
            url.domain().is_some_and(|host| host == "webhook.office.com" || host.ends_with(".webhook.office.com"));
        if service == ChatService::Teams && retired {
            return Err("Microsoft has retired these connectors: create a workflow that posts to the channel when a webhook request is received, and enter its address".into());
        }
        Ok(())
    }

    fn compose(&self, service: ChatService, letter: &Letter, incident: Option<&Incident>) -> Option<String> {
        let body = match service {
            ChatService::Slack => slack::body(&page(letter)),
            ChatService::Teams => teams::body(&page(letter)),
            ChatService::Discord => discord::body(&page(letter)),
            ChatService::PagerDuty => pagerduty::body(letter, incident?)?,
        };
        Some(body.to_string())
    }

    async fn send(&self, request: ChatRequest) -> Attempt {
        let verdict: fn(&Answer) -> Verdict = match request.service {
            ChatService::Slack => slack::verdict,
            ChatService::Teams => teams::verdict,
            ChatService::Discord => discord::verdict,
            ChatService::PagerDuty => pagerduty::verdict,
        };
        let (url, key) = match &request.target {
            ChatTarget::Room(url) => (url.as_str(), None),
            ChatTarget::Pager { routing_key, url } => (url.as_deref().unwrap_or(PAGERDUTY), Some(routing_key.clone())),
        };
        let credentials: Vec<String> = key.into_iter().chain(secrets_of(url)).collect();
        let mut wait = None;
        let mut made =
            attempt(self.post(&request, &mut wait), |answer| verdict(answer).told(answer), &credentials).await;
        wait_at_least(&mut made, wait);
        made
    }
}
