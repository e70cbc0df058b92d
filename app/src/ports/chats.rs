use std::fmt;

use async_trait::async_trait;
use domain::event::Action;
use serde::{Deserialize, Serialize};

use super::{Attempt, Letter};

/// A product in which people talk, or are woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChatService {
    /// Slack, an incoming webhook.
    Slack,
    /// Microsoft Teams, a workflow that begins with a webhook request.
    Teams,
    /// Discord, a channel's webhook.
    Discord,
    /// PagerDuty, Events API v2: incidents that are triggered, acknowledged and resolved by key.
    #[serde(rename = "PAGERDUTY")]
    PagerDuty,
}

/// Where a chat message goes. All of it is a credential: it shows in no `Debug`, no log and no answer.
#[derive(Clone, PartialEq, Eq)]
pub enum ChatTarget {
    /// The address that the product gave out for one room: Slack, Teams and Discord.
    Room(String),
    /// A PagerDuty service.
    Pager {
        /// The integration's key, 32 letters and digits.
        routing_key: String,
        /// Where events are taken; `None`: `https://events.pagerduty.com/v2/enqueue`. The EU has an address of its own.
        url: Option<String>,
    },
}

impl fmt::Debug for ChatTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Room(_) => "Room",
            Self::Pager { .. } => "Pager",
        })
    }
}

/// What an incident system needs beside the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// What opens and closes belong together by: a finding's id; for what is no finding something as lasting, such as
    /// the organization's id and a source's name. At most 255 characters reach the product.
    pub key: String,
    /// What becomes of the incident. A source, a channel or an asset that fails is `Open`, its recovery `Close`.
    pub action: Action,
}

/// One request to a chat product.
#[derive(Clone, Debug)]
pub struct ChatRequest {
    /// Which product.
    pub service: ChatService,
    /// Where to.
    pub target: ChatTarget,
    /// What [`Chats::compose`] made.
    pub body: String,
    /// When the attempt begins, seconds since 1970: what a `Retry-After` date is counted from.
    pub timestamp: i64,
}

/// Tells people where they talk. Every text in a letter may be hostile.
#[async_trait]
pub trait Chats: Send + Sync {
    /// May such a target be stored for a channel? Err: what to tell the person, without the credential.
    fn check(&self, service: ChatService, target: &ChatTarget) -> Result<(), String>;
    /// The request's body, within the product's limits; the same letter always gives the same body. It holds no
    /// credential and may be stored and shown. `None`: the product has no use for this letter (PagerDuty: nothing
    /// that opens, worsens, acknowledges or closes; only letters about one event).
    fn compose(&self, service: ChatService, letter: &Letter, incident: Option<&Incident>) -> Option<String>;
    /// Makes one attempt and reads the answer as the product means it. Every outcome is an [`Attempt`].
    async fn send(&self, request: ChatRequest) -> Attempt;
}
