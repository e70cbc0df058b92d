use std::sync::Arc;

use app::ports::{Attempt, ChatRequest, ChatService, ChatTarget, Chats, Incident, Letter};
use async_trait::async_trait;
use reqwest::header::HeaderMap;
use serde_json::json;

use crate::egress::{Gate, attempt};

/// Tells people where they talk.
pub struct Messenger {
    gate: Arc<Gate>,
}

impl Messenger {
    /// A messenger whose requests leave through this gate.
    pub fn new(gate: Arc<Gate>) -> Self {
        Self { gate }
    }
}

/// Where PagerDuty takes events, unless the channel says otherwise.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

fn url(target: &ChatTarget) -> &str {
    match target {
        ChatTarget::Room(url) => url,
        ChatTarget::Pager { url, .. } => url.as_deref().unwrap_or(PAGERDUTY),
    }
}

#[async_trait]
impl Chats for Messenger {
    fn check(&self, _: ChatService, target: &ChatTarget) -> Result<(), String> {
        self.gate.check(url(target)).map(drop).map_err(|blocked| blocked.to_string())
    }

    fn compose(&self, _: ChatService, _: &Letter, _: Option<&Incident>) -> Option<String> {
        Some(json!({"text": "iotmonitor"}).to_string())
    }

    async fn send(&self, request: ChatRequest) -> Attempt {
        let answer = self.gate.post(url(&request.target), HeaderMap::new(), request.body.clone(), request.timestamp);
        attempt(answer, |answer| (answer.error(), answer.directive()), &[]).await
    }
}
