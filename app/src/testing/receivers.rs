use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::email::EmailAddress;
use serde_json::json;

use crate::ports::{
    Attempt, AttemptError, ChatRequest, ChatService, ChatTarget, Chats, Composed, Directive, Incident, Letter, Letters,
    Mail, MailError, Mailer, WebhookRequest, Webhooks,
};

/// What a recording receiver answers: 200 until it is told otherwise.
#[derive(Default)]
struct Answer(Mutex<Option<Attempt>>);

impl Answer {
    fn set(&self, attempt: Option<Attempt>) {
        *lock(&self.0) = attempt;
    }

    /// Like a real one, 410 says that the receiver is gone.
    fn refuse(&self, status: u16, retry_after: Option<u32>) {
        self.set(Some(Attempt {
            status: Some(status),
            duration_ms: 7,
            error: Some(AttemptError::HttpStatus),
            excerpt: Some(format!("answer {status}")),
            retry_after,
            directive: (status == 410).then_some(Directive::Disable),
        }));
    }

    fn get(&self) -> Attempt {
        lock(&self.0).clone().unwrap_or(Attempt {
            status: Some(200),
            duration_ms: 5,
            error: None,
            excerpt: Some("ok".into()),
            retry_after: None,
            directive: None,
        })
    }
}

/// Takes webhooks and remembers them. Answers 200 until it is told otherwise; an address is good if it is `https`.
#[derive(Default)]
pub struct RecordingWebhooks {
    requests: Mutex<Vec<WebhookRequest>>,
    answer: Answer,
}

impl RecordingWebhooks {
    /// What arrived, oldest first.
    pub fn requests(&self) -> Vec<WebhookRequest> {
        lock(&self.requests).clone()
    }

    /// Forgets what arrived.
    pub fn clear(&self) {
        lock(&self.requests).clear();
    }

    /// Answers 200 from now on.
    pub fn accept(&self) {
        self.answer.set(None);
    }

    /// Answers with this status from now on, and asks to wait so many seconds.
    pub fn refuse(&self, status: u16, retry_after: Option<u32>) {
        self.answer.refuse(status, retry_after);
    }

    /// Answers exactly so from now on.
    pub fn answer(&self, attempt: Attempt) {
        self.answer.set(Some(attempt));
    }
}

#[async_trait]
impl Webhooks for RecordingWebhooks {
    fn check(&self, url: &str) -> Result<(), String> {
        if url.starts_with("https://") { Ok(()) } else { Err("only https addresses".into()) }
    }

    fn check_header(&self, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn public_key(&self, seed: &[u8; 32]) -> String {
        format!("whpk_{}", seed.map(|byte| format!("{byte:02x}")).concat())
    }

    async fn send(&self, request: WebhookRequest) -> Attempt {
        lock(&self.requests).push(request);
        self.answer.get()
    }
}

/// Takes chat messages and remembers them. Answers 200 until it is told otherwise; a target is good if it has no
/// address that is not `https`. A message's body is the JSON of its letter and the incident's key and action.
#[derive(Default)]
pub struct RecordingChats {
    requests: Mutex<Vec<ChatRequest>>,
    answer: Answer,
}

impl RecordingChats {
    /// What arrived, oldest first.
    pub fn requests(&self) -> Vec<ChatRequest> {
        lock(&self.requests).clone()
    }

    /// Answers 200 from now on.
    pub fn accept(&self) {
        self.answer.set(None);
    }

    /// Answers with this status from now on, and asks to wait so many seconds.
    pub fn refuse(&self, status: u16, retry_after: Option<u32>) {
        self.answer.refuse(status, retry_after);
    }

    /// Answers exactly so from now on.
    pub fn answer(&self, attempt: Attempt) {
        self.answer.set(Some(attempt));
    }
}

#[async_trait]
impl Chats for RecordingChats {
    fn check(&self, _: ChatService, target: &ChatTarget) -> Result<(), String> {
        let url = match target {
            ChatTarget::Room(url) => Some(url),
            ChatTarget::Pager { url, .. } => url.as_ref(),
        };
        if url.is_none_or(|url| url.starts_with("https://")) { Ok(()) } else { Err("only https addresses".into()) }
    }

    fn compose(&self, service: ChatService, letter: &Letter, incident: Option<&Incident>) -> Option<String> {
        if service == ChatService::PagerDuty && incident.is_none() {
            return None;
        }
        let incident = incident.map(|i| json!({"key": i.key, "action": i.action}));
        Some(json!({"letter": letter, "incident": incident}).to_string())
    }

    async fn send(&self, request: ChatRequest) -> Attempt {
        lock(&self.requests).push(request);
        self.answer.get()
    }
}

/// Takes mail and remembers it.
#[derive(Default)]
pub struct RecordingMailer {
    mails: Mutex<Vec<Mail>>,
    refused: Mutex<BTreeMap<EmailAddress, MailError>>,
}

impl RecordingMailer {
    /// What was taken, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.mails).clone()
    }

    /// Forgets what was taken.
    pub fn clear(&self) {
        lock(&self.mails).clear();
    }

    /// Mail to this address is refused from now on.
    pub fn refuse(&self, to: &EmailAddress, code: u16, retry: bool) {
        lock(&self.refused)
            .insert(to.clone(), MailError { code: Some(code), retry, message: format!("refused with {code}") });
    }

    /// Mail to this address is taken from now on.
    pub fn accept(&self, to: &EmailAddress) {
        lock(&self.refused).remove(to);
    }
}

#[async_trait]
impl Mailer for RecordingMailer {
    fn configured(&self) -> bool {
        true
    }

    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        if let Some(error) = lock(&self.refused).get(&mail.to) {
            return Err(error.clone());
        }
        lock(&self.mails).push(mail);
        Ok(())
    }

    async fn check(&self) -> Result<(), MailError> {
        Ok(())
    }
}

/// Writes letters as the JSON that they are made of; the subject is the kind of letter.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonLetters;

impl Letters for JsonLetters {
    fn compose(&self, letter: &Letter) -> Composed {
        let value = serde_json::to_value(letter).unwrap_or_default();
        let kind = value.as_object().and_then(|o| o.keys().next().cloned()).unwrap_or_default();
        Composed { subject: kind, text: value.to_string(), html: String::new(), headers: Vec::new() }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
