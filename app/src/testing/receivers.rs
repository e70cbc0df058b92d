use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::email::EmailAddress;

use crate::ports::{
    Attempt, AttemptError, Composed, Letter, Letters, Mail, MailError, Mailer, WebhookRequest, Webhooks,
};

/// Takes webhooks and remembers them. Answers 200 until it is told otherwise; an address is good if it is `https`.
#[derive(Default)]
pub struct RecordingWebhooks {
    requests: Mutex<Vec<WebhookRequest>>,
    answer: Mutex<Option<Attempt>>,
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
        *lock(&self.answer) = None;
    }

    /// Answers with this status from now on, and asks to wait so many seconds.
    pub fn refuse(&self, status: u16, retry_after: Option<u32>) {
        let excerpt = Some(format!("answer {status}"));
        *lock(&self.answer) = Some(Attempt {
            status: Some(status),
            duration_ms: 7,
            error: Some(AttemptError::HttpStatus),
            excerpt,
            retry_after,
        });
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

    async fn send(&self, request: WebhookRequest) -> Attempt {
        lock(&self.requests).push(request);
        let fine =
            Attempt { status: Some(200), duration_ms: 5, error: None, excerpt: Some("ok".into()), retry_after: None };
        lock(&self.answer).clone().unwrap_or(fine)
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
        Composed { subject: kind, text: value.to_string(), html: String::new() }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
