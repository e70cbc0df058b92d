use std::sync::Arc;

use domain::actor::Actor;
use domain::event::{Action, Draft, Event, EventType, Subjects};
use domain::finding::FindingState;
use domain::ids::{Bucket, ChannelId, FindingId, OrgId};
use domain::role::Role;
use domain::severity::{Confidence, Severity};
use domain::trigger::Trigger;
use jiff::SignedDuration;
use serde_json::json;

use crate::access::Caller;
use crate::notify::{self, Channel, Delivery, DeliveryFilter, NewChat, NewEmail, NewWebhook};
use crate::ports::{ChatService, Table, WebhookRequest};
use crate::testing::{Bench, JsonLetters, RecordingChats, RecordingMailer, RecordingWebhooks};

const ULID: &str = "01J8ZQ4W3E9V6T5R2P1N0M8K7H";

/// An organization with receivers that remember.
pub(super) struct Stage {
    pub bench: Bench,
    pub hooks: Arc<RecordingWebhooks>,
    pub mailer: Arc<RecordingMailer>,
    pub chats: Arc<RecordingChats>,
    pub caller: Caller,
}

pub(super) fn org() -> OrgId {
    OrgId::from_ulid(ULID).unwrap()
}

pub(super) fn finding(number: u32) -> FindingId {
    FindingId { bucket: Bucket(0), birth: ULID.into(), fingerprint: format!("{number:016x}") }
}

/// An event about the finding of that number.
pub(super) fn about(kind: EventType, number: u32, severity: Severity) -> Draft {
    let id = finding(number);
    Draft {
        kind,
        subjects: Subjects {
            finding: Some(id.clone()),
            severity: Some(severity),
            confidence: Some(Confidence::Verified),
            state: Some(FindingState::Open),
            ..Subjects::default()
        },
        actor: Actor::system(),
        changes: Vec::new(),
        first_poll: false,
        action: Action::Open,
        parts: vec![("finding", json!({"id": id, "title": format!("Finding {number}"), "severity": severity}))],
    }
}

impl Stage {
    pub(super) fn new() -> Self {
        let mut bench = Bench::new();
        let (hooks, mailer) = (Arc::new(RecordingWebhooks::default()), Arc::new(RecordingMailer::default()));
        let chats = Arc::new(RecordingChats::default());
        bench.app.chats = chats.clone();
        bench.app.webhooks = hooks.clone();
        bench.app.mailer = mailer.clone();
        bench.app.letters = Arc::new(JsonLetters);
        let caller = Caller {
            org: org(),
            organization: "Acme".into(),
            actor: Actor { name: "Ada".into(), ..Actor::system() },
            role: Role::Admin,
            scopes: None,
            user: None,
            session: None,
            token: None,
            address: None,
        };
        Self { bench, hooks, mailer, chats, caller }
    }

    pub(super) async fn webhook(&self, trigger: Option<Trigger>) -> Channel {
        let new =
            NewWebhook { name: "SIEM".into(), url: "https://siem.example/in".into(), trigger, ..NewWebhook::default() };
        notify::create_webhook(&self.bench, &self.caller, new).await.unwrap().0
    }

    pub(super) async fn mails(&self, recipients: &[&str]) -> Channel {
        self.mails_when(recipients, notify::usual_for_people()).await
    }

    pub(super) async fn mails_when(&self, recipients: &[&str], trigger: Trigger) -> Channel {
        let recipients = recipients.iter().map(|r| (*r).to_owned()).collect();
        let new = NewEmail {
            name: "Night shift".into(),
            recipients,
            trigger: Some(trigger),
            confirmed: true,
            ..NewEmail::default()
        };
        notify::create_email(&self.bench, &self.caller, new).await.unwrap()
    }

    pub(super) async fn chat(&self, service: ChatService, trigger: Option<Trigger>) -> Channel {
        let pager = service == ChatService::PagerDuty;
        let new = NewChat {
            name: "Room".into(),
            service,
            url: (!pager).then(|| "https://chat.example/room/s3cret".into()),
            routing_key: pager.then(|| "0123456789abcdef0123456789abcdef".into()),
            trigger,
            client_request_id: None,
            switched_off: false,
        };
        notify::create_chat(&self.bench, &self.caller, new).await.unwrap()
    }

    pub(super) async fn announce(&self, draft: Draft) -> Event {
        self.bench.announce(&org(), Bucket(0), vec![draft]).await.unwrap().remove(0)
    }

    pub(super) async fn drain(&self) {
        notify::drain(&self.bench, 1_000).await.unwrap();
    }

    pub(super) fn pass(&self, seconds: i64) {
        self.bench.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// A minute later the timer wakes the sweep, and then the queue is worked off.
    pub(super) async fn minute(&self) {
        self.pass(60);
        notify::sweep::sweep(&self.bench).await.unwrap();
        self.drain().await;
    }

    pub(super) async fn deliveries(&self) -> Vec<Delivery> {
        let page = notify::deliveries(&self.bench, &self.caller, &DeliveryFilter::default(), 100, None).await.unwrap();
        page.items.into_iter().map(|(_, delivery)| delivery).collect()
    }

    pub(super) async fn channel(&self, id: &ChannelId) -> Channel {
        notify::channel(&self.bench, &self.caller, id).await.unwrap().unwrap()
    }

    /// The webhooks that arrived with this event.
    pub(super) fn arrived(&self, event: &Event) -> Vec<WebhookRequest> {
        let sequence = event.payload["sequence"].clone();
        let has = |body: &str| serde_json::from_str::<serde_json::Value>(body).unwrap()["data"]["sequence"] == sequence;
        self.hooks.requests().into_iter().filter(|r| has(&r.body)).collect()
    }

    /// How many rows there are whose partition is this one and whose key begins so.
    pub(super) fn rows(&self, table: Table, partition: &str, prefix: &str) -> usize {
        self.bench.tables.count(table, partition, prefix)
    }

    /// Nothing is left to be done by anybody.
    pub(super) fn is_settled(&self) -> bool {
        self.rows(Table::Deliveries, "due", "") == 0 && self.rows(Table::Exposure, &format!("{}:00", org()), "o|") == 0
    }
}
