//! Journeys through the front door, as people, programs and attackers take them.

mod asking;
mod invitations;
mod leaving;
mod letters;
mod members;
mod profile;
mod registering;
mod resetting;
mod sessions;
mod tokens;

use super::*;
use std::sync::Arc;

use crate::testing::{Bench, JsonLetters, RecordingMailer};
use crate::{Error, UserErrorCode};

const PASSWORD: &str = "a sentence is good";

fn ada() -> Register {
    Register { email: "Ada@Example.com".into(), password: PASSWORD.into(), name: "Ada".into(), ..Register::default() }
}

fn anywhere() -> Client {
    Client::default()
}

fn login_of(email: &str, password: &str) -> Login {
    Login { email: email.into(), password: password.into() }
}

async fn registered(bench: &Bench) -> SignedIn {
    register(bench, ada(), &anywhere()).await.unwrap()
}

async fn bearer(bench: &Bench, token: &str) -> Option<Caller> {
    authenticate(bench, Credential::Bearer(token)).await.unwrap()
}

fn codes(error: &Error) -> Vec<(UserErrorCode, String)> {
    let Error::User(faults) = error else { panic!("{error}") };
    faults.iter().map(|f| (f.code, f.field.last().cloned().unwrap_or_default())).collect()
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> (UserErrorCode, String) {
    codes(&result.unwrap_err()).remove(0)
}

/// A bench with a mail server.
struct Mailing {
    bench: Bench,
    mailer: Arc<RecordingMailer>,
}

impl Mailing {
    fn new() -> Self {
        let mut bench = Bench::new();
        let mailer = Arc::new(RecordingMailer::default());
        bench.app.mailer = mailer.clone();
        bench.app.letters = Arc::new(JsonLetters);
        Self { bench, mailer }
    }

    /// The letters that wait, sent: to whom, what about, and the token in it.
    async fn letters(&self) -> Vec<(String, String, Option<String>)> {
        crate::notify::drain(&self.bench, 100).await.unwrap();
        let mails = self.mailer.mails();
        self.mailer.clear();
        let read = |mail: &crate::ports::Mail| {
            let letter: serde_json::Value = serde_json::from_str(&mail.text).unwrap();
            let matter = &letter["account"]["matter"];
            let name = matter.as_str().or_else(|| matter.as_object()?.keys().next().map(String::as_str)).unwrap();
            let code = letter["account"]["link"]["code"].as_str().map(str::to_owned);
            (mail.to.to_string(), name.to_owned(), code)
        };
        mails.iter().map(read).collect()
    }

    /// The token in the one letter about this.
    async fn token(&self, matter: &str) -> String {
        let letters = self.letters().await;
        let of: Vec<_> = letters.iter().filter(|(_, name, _)| name == matter).collect();
        assert_eq!(of.len(), 1, "{letters:?}");
        of[0].2.clone().unwrap()
    }
}

impl std::ops::Deref for Mailing {
    type Target = Bench;

    fn deref(&self) -> &Bench {
        &self.bench
    }
}

/// What the organization's audit log says, oldest first: who, what, whom.
async fn told(bench: &Bench, caller: &Caller) -> Vec<String> {
    let page =
        crate::audit::page(bench, caller, &crate::audit::AuditFilter::default(), (None, 100, false)).await.unwrap();
    let line = |entry: &crate::audit::Entry| format!("{} {} {}", entry.actor.name, entry.action, entry.subject);
    page.items.iter().rev().map(|(_, entry)| line(entry)).collect()
}

/// Somebody of this name who joins Ada's organization.
async fn joined(bench: &Bench, owner: &Caller, name: &str, role: domain::role::Role) -> SignedIn {
    let email = format!("{}@example.com", name.to_lowercase());
    let url = invite_member(bench, owner, &email, role).await.unwrap().url.unwrap();
    let invitation_token = url.split_once("#token=").map(|(_, token)| token.to_owned());
    let input = Register { email, name: name.into(), invitation_token, ..ada() };
    register(bench, input, &anywhere()).await.unwrap()
}
