use domain::ids::OrgId;
use serde::{Deserialize, Serialize};

use super::channel::{Channel, ChannelKind};
use super::compose::{Script, footer};
use super::delivery::Delivery;
use super::outcome::Outcome;
use super::secret::{self, Field};
use crate::ports::{ChatRequest, ChatService, ChatTarget, StoreError};
use crate::{App, Error};

/// Where a chat channel leads, as it is sealed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Target {
    pub url: Option<String>,
    pub routing_key: Option<String>,
}

impl Target {
    /// As the port wants it; `None`: what this service needs is missing.
    pub(super) fn of(self, service: ChatService) -> Option<ChatTarget> {
        match service {
            ChatService::PagerDuty => Some(ChatTarget::Pager { routing_key: self.routing_key?, url: self.url }),
            ChatService::Slack | ChatService::Teams | ChatService::Discord => Some(ChatTarget::Room(self.url?)),
        }
    }
}

/// Where a channel leads.
pub(super) fn target(app: &App, org: &OrgId, channel: &Channel) -> Result<(ChatService, ChatTarget), StoreError> {
    let broken = || StoreError::Corrupt("where a channel leads".into());
    let ChannelKind::Chat { service, target_sealed } = &channel.kind else { return Err(broken()) };
    let text = secret::open(app, org, &channel.id, Field::Target, target_sealed)?;
    let target: Target = serde_json::from_slice(&text).map_err(|_| broken())?;
    Ok((*service, target.of(*service).ok_or_else(broken)?))
}

/// Sends one message: to people what there is to tell at this moment, to an incident system what was decided.
pub(super) async fn send(app: &App, org: &OrgId, channel: &Channel, delivery: &Delivery) -> Result<Outcome, Error> {
    let at = app.now();
    let number = delivery.next_number();
    let (service, target) = match target(app, org, channel) {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(channel = %channel.id, %error, "a message has nowhere to go");
            return Ok(Outcome::unopened("where the channel leads", number, at));
        }
    };
    let body = if delivery.body.is_empty() {
        let script = Script::read(app, org, channel, delivery).await?;
        script.letter(None, footer(app, channel, None)).and_then(|letter| app.chats.compose(service, &letter, None))
    } else {
        // A repeat says the same.
        Some(delivery.body.clone())
    };
    let Some(body) = body else { return Ok(Outcome::cancelled("There is nothing to tell any more.")) };
    let request = ChatRequest { service, target, body: body.clone(), timestamp: at.as_second() };
    let outcome = Outcome::of_request(app.chats.send(request).await, number, at);
    Ok(Outcome { body: Some(body), ..outcome })
}
