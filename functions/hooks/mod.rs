//! `/hooks/email/…`: what links in mails lead to; `/hooks/shodan/…` is in a file of its own.
//!
//! Opening a link changes nothing, because mail scanners open all of them: it shows a page with one button. The
//! button's POST acts, and so does a mail program's own (RFC 8058). The token in the link is the credential.

mod shodan;

use std::sync::Arc;

use app::notify::{Subscription, confirm_recipient, subscription, unsubscribe as stop};
use app::{Error, UserErrorCode};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::http::{Page, Program};

pub use shodan::shodan;

/// Shows the button that confirms.
pub async fn ask_confirm() -> Response {
    Page {
        title: "Confirm your address",
        text: "Press the button to receive notifications of iotmonitor at the address that the mail was sent to."
            .into(),
        button: Some("Confirm"),
    }
    .answer(StatusCode::OK)
}

/// Confirms.
pub async fn confirm(State(program): State<Arc<Program>>, Path(token): Path<String>) -> Response {
    answer(act(&program, confirm_recipient(&program.app, &token)).await, |known| Page {
        title: "Confirmed",
        text: format!("{} now receives notifications of the channel “{}”.", known.email, known.channel),
        button: None,
    })
}

/// Shows the button that unsubscribes.
pub async fn ask_unsubscribe(State(program): State<Arc<Program>>, Path(token): Path<String>) -> Response {
    answer(act(&program, subscription(&program.app, &token)).await, |known| Page {
        title: "Unsubscribe",
        text: format!("Stop sending notifications of the channel “{}” to {}?", known.channel, known.email),
        button: Some("Unsubscribe"),
    })
}

/// Unsubscribes.
pub async fn unsubscribe(State(program): State<Arc<Program>>, Path(token): Path<String>) -> Response {
    answer(act(&program, stop(&program.app, &token)).await, |known| Page {
        title: "Unsubscribed",
        text: format!("{} receives nothing of the channel “{}” any more.", known.email, known.channel),
        button: None,
    })
}

async fn act(
    program: &Program,
    call: impl Future<Output = Result<Subscription, Error>>,
) -> Result<Subscription, Error> {
    program.ready().await?;
    call.await
}

fn answer(outcome: Result<Subscription, Error>, page: impl FnOnce(Subscription) -> Page) -> Response {
    let trouble = |title, text: String| Page { title, text, button: None };
    match outcome {
        Ok(known) => page(known).answer(StatusCode::OK),
        Err(Error::User(faults)) => {
            let expired = faults.iter().any(|fault| fault.code == UserErrorCode::Expired);
            let status = if expired { StatusCode::GONE } else { StatusCode::NOT_FOUND };
            trouble("This link does not work", Error::User(faults).to_string()).answer(status)
        }
        Err(error) => {
            tracing::error!(%error, "a link of a mail could not be answered");
            let text = "Something went wrong on our side. Please try again in a minute.".to_owned();
            trouble("Please try again", text).answer(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}
